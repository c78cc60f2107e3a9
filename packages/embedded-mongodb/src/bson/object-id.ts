import { randomBytes } from 'node:crypto'
import { ObjectId } from './values.ts'

const process = randomBytes(5).toString('latin1')
let counter = randomBytes(3).readUIntBE(0, 3)

/** A new ObjectId: seconds, a random value of this process, a counter. */
export function newObjectId(): ObjectId {
  counter = (counter + 1) & 0xffffff
  const seconds = Math.floor(Date.now() / 1000)
  const head = String.fromCharCode(
    (seconds >>> 24) & 0xff,
    (seconds >>> 16) & 0xff,
    (seconds >>> 8) & 0xff,
    seconds & 0xff,
  )
  const tail = String.fromCharCode(counter >>> 16, (counter >>> 8) & 0xff, counter & 0xff)
  return new ObjectId(head + process + tail)
}
