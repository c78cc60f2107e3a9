import { cp, open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Scenario } from '../scenario.ts'

const filesOf = (dataDir: string) => join(dataDir, 'nats', 'jetstream')

export const brokerDataLoss: Scenario = {
  name: 'broker-data-loss',
  what: 'the broker is stopped, loses all its files and is started again; what it took last had reached nobody',
  play: async ({ floor, chance, fault, orders }) => {
    await orders(40)
    const unheard = floor.link('orders', 'nats')
    unheard.set({ kind: 'stalled', direction: 'back' })
    await delay(chance.integer(500, 1500))
    await floor.component('nats').stop()
    await rm(filesOf(floor.dataDir), { recursive: true })
    fault('deleted the files of the stopped broker')
    unheard.reset()
    unheard.set(undefined)
    await floor.component('nats').restart()
    await orders(40)
  },
}

export const brokerDataLossLive: Scenario = {
  name: 'broker-data-loss-live',
  what: 'the files of the running broker are deleted; it is killed and started again a while later',
  play: async ({ floor, fault, orders }) => {
    await orders(40)
    // The broker goes on writing files while they are deleted.
    await rm(filesOf(floor.dataDir), { recursive: true, maxRetries: 20, retryDelay: 10 })
    fault('deleted the files of the running broker')
    await orders(20)
    await floor.crash('nats')
    await orders(20)
  },
}

export const brokerRollback: Scenario = {
  name: 'broker-rollback',
  what: 'the broker comes back with an older copy of its files',
  play: async ({ floor, fault, orders }) => {
    const files = filesOf(floor.dataDir)
    const copy = `${files}.older`
    await orders(30)
    await floor.component('nats').stop()
    await cp(files, copy, { recursive: true })
    await floor.component('nats').restart()
    await orders(60)
    await floor.component('nats').stop()
    await rm(files, { recursive: true })
    await cp(copy, files, { recursive: true })
    fault('restored an older copy of the broker’s files')
    await floor.component('nats').restart()
    await orders(40)
  },
}

export const brokerDiskFull: Scenario = {
  name: 'broker-disk-full',
  what: 'the disk of the broker is full; orders are accepted all the same and carried out once there is room',
  brokerDiskBytes: 64 * 1024 * 1024,
  play: async ({ floor, fault, orders }) => {
    await orders(20)
    const ballast = join(floor.dataDir, 'nats/ballast')
    await fillDisk(ballast)
    fault('filled the disk of the broker')
    await orders(60)
    await rm(ballast)
    // What a broker makes of a full disk lasts until it is started again.
    await floor.crash('nats')
    await orders(20)
  },
}

/** Writes a file until there is no room for more. */
async function fillDisk(path: string): Promise<void> {
  const file = await open(path, 'w')
  const page = Buffer.alloc(4096)
  try {
    for (;;) await file.write(page)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error
  } finally {
    await file.close()
  }
}
