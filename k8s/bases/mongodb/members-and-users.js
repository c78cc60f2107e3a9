// Run by mongosh beside each member. The first member starts the replica set and makes the users; each service has one user,
// who may read and write that service's database and nothing else. Everything may be run again: it brings users and their
// passwords to what the secret says.
const fs = require('node:fs')

const members = [0, 1, 2]
const services = ['auth', 'inventory', 'orders', 'payments', 'notifications']
const lookEveryMs = 60_000
const retryMs = 2_000
const passwordOf = (user) => process.env[`MONGODB_PASSWORD_${user.toUpperCase()}`]

function connected(user, work) {
  const credentials = user ? `${user}:${encodeURIComponent(passwordOf(user))}@` : ''
  const db = connect(
    `mongodb://${credentials}127.0.0.1:27017/admin?directConnection=true&serverSelectionTimeoutMS=3000`,
  )
  try {
    work(db)
  } finally {
    db.getMongo().close()
  }
}

/** Without any user the database lets its own machine make the first one; afterwards it does not. */
function begin(db) {
  if (!db.hello().setName) {
    db.adminCommand({
      replSetInitiate: {
        _id: 'tradewind',
        members: members.map((number) => ({ _id: number, host: `mongodb-${number}.mongodb:27017` })),
      },
    })
  }
  if (!db.hello().isWritablePrimary) return
  db.createUser({ user: 'root', pwd: passwordOf('root'), roles: ['root'] })
}

function keepUsers(admin) {
  if (!admin.hello().isWritablePrimary) return
  keep(admin, 'backup', ['backup'])
  for (const service of services)
    keep(admin.getSiblingDB(`tradewind_${service}`), service, [{ role: 'readWrite', db: `tradewind_${service}` }])
}

function keep(db, user, roles) {
  const wanted = { pwd: passwordOf(user), roles }
  if (db.getUser(user)) db.updateUser(user, wanted)
  else db.createUser({ user, ...wanted })
}

fs.writeFileSync('/tmp/started', '')
for (;;) {
  try {
    connected('root', keepUsers)
    sleep(lookEveryMs)
  } catch (error) {
    print(`users cannot be kept yet: ${error.codeName ?? error.message}`)
    try {
      if (process.env.POD_NAME === 'mongodb-0') connected(undefined, begin)
    } catch (cause) {
      print(`the replica set cannot be started yet: ${cause.codeName ?? cause.message}`)
    }
    sleep(retryMs)
  }
}
