import { setTimeout as delay } from 'node:timers/promises'
import type { ComponentName } from '@tradewind/launcher/system'
import { type Failpoint, failpoints } from '../failpoints.ts'
import { answeredInTime, type Scenario, type Stage, servicesWithEvents } from '../scenario.ts'

const processes: readonly ComponentName[] = [...servicesWithEvents, 'auth', 'gateway']
/** A point that is not reached within this time is one that the load does not lead to. */
const reachedWithinMs = 20_000

/** Kills the service at a named point of its work, and starts it again. */
export async function crashAt({ floor, fault }: Pick<Stage, 'floor' | 'fault'>, point: Failpoint): Promise<void> {
  const { name, service, to, moment, pattern } = point
  const process = floor.component(service)
  const reached = Promise.withResolvers<boolean>()
  const disarm = floor.link(service, to).trap({
    pattern,
    moment,
    spring: () => {
      process.kill('SIGKILL')
      reached.resolve(true)
    },
  })
  const isReached = await Promise.race([reached.promise, delay(reachedWithinMs, false, { ref: false })])
  disarm()
  if (!isReached) throw new Error(`no work of ${service} came to ${name} within ${reachedWithinMs} ms`)
  fault(`killed at ${name}`)
  await process.exited()
  await process.restart()
}

export const serviceCrash: Scenario = {
  name: 'service-crash',
  what: 'SIGKILL of every service and the gateway, at random moments',
  play: async ({ floor, chance, fault, orders }) => {
    for (const name of chance.shuffled(processes)) {
      await orders(chance.integer(5, 20))
      fault(`killed ${name}`)
      await floor.crash(name)
    }
    await orders(20)
  },
}

export const serviceCrashAtPoints: Scenario = {
  name: 'service-crash-at-points',
  what: 'SIGKILL right before and after each write, publish and acknowledgement of each service',
  play: async (stage) => {
    for (const point of stage.chance.shuffled(failpoints)) {
      await stage.orders(stage.chance.integer(1, 5))
      await crashAt(stage, point)
    }
    await stage.orders(20)
  },
}

export const brokerCrash: Scenario = {
  name: 'broker-crash',
  what: 'SIGKILL of the broker, three times',
  play: async ({ floor, chance, fault, orders }) => {
    for (let times = 0; times < 3; times += 1) {
      await orders(chance.integer(10, 30))
      fault('killed the broker')
      await floor.crash('nats')
    }
    await orders(20)
  },
}

export const databaseCrash: Scenario = {
  name: 'database-crash',
  what: 'SIGKILL of the database, three times, for up to two seconds; no answer may take longer than 20 s',
  play: async ({ floor, chance, fault, orders }) => {
    for (let times = 0; times < 3; times += 1) {
      await orders(chance.integer(10, 30))
      const database = floor.component('mongodb')
      fault('killed the database')
      database.kill('SIGKILL')
      await database.exited()
      await delay(chance.integer(0, 2000))
      await database.restart()
    }
    await orders(20)
  },
  judge: answeredInTime,
}

export const pausedBroker: Scenario = {
  name: 'paused-broker',
  what: 'SIGSTOP of the broker for 35 s, longer than messages wait for their acknowledgement',
  play: async ({ floor, fault, orders }) => {
    await orders(20)
    fault('paused the broker')
    floor.component('nats').kill('SIGSTOP')
    await delay(35_000)
    floor.component('nats').kill('SIGCONT')
    await orders(20)
  },
}

export const pausedService: Scenario = {
  name: 'paused-service',
  what: 'SIGSTOP of orders and payments for 35 s, and of inventory for 65 s, longer than a hold lasts',
  env: { HOLD_MINUTES: '1' },
  play: async ({ floor, fault, orders }) => {
    for (const [name, ms] of [
      ['orders', 35_000],
      ['payments', 35_000],
      ['inventory', 65_000],
    ] as const) {
      await orders(20)
      fault(`paused ${name}`)
      floor.component(name).kill('SIGSTOP')
      await delay(ms)
      floor.component(name).kill('SIGCONT')
    }
    await orders(20)
  },
}
