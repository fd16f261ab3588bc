// Makes one replica set of the three members, its administrator, and the two users of Écluse with the rights that
// docs/permissions/mongodb.js gives. For mongosh, in the network of mongo-1: only from there may somebody without a
// password make the first user. Running it again changes nothing but the passwords, to what the secrets say.

const fs = require('node:fs')

const ATTEMPTS = 60
const PAUSE_MS = 1_000
const TLS = 'tls=true&tlsCAFile=%2Frun%2Fsecrets%2Fca.pem&serverSelectionTimeoutMS=10000'
const MEMBERS = ['mongo-1:27017', 'mongo-2:27017', 'mongo-3:27017']
const LOCAL = `mongodb://127.0.0.1:27017/admin?directConnection=true&${TLS}`
const password = name => fs.readFileSync(`/run/secrets/${name}-password`, 'utf8').trim()
const asAdministrator = uri => uri.replace('://', `://admin:${password('mongodb-admin')}@`)

/** Tries again, boundedly: members come up one after the other. */
function eventually(what, attempt) {
  for (let i = 1; ; i++) {
    try {
      return attempt()
    } catch (error) {
      if (i === ATTEMPTS) throw new Error(`${what}: ${error.message}`)
      sleep(PAUSE_MS)
    }
  }
}

/** Whether an administrator is there already; else this is the first run. */
function hasAdministrator() {
  try {
    connect(asAdministrator(LOCAL))
    return true
  } catch (error) {
    if (error.code !== 18) throw error
    return false
  }
}

function makeReplicaSet(admin) {
  const members = MEMBERS.map((host, _id) => ({ _id, host, priority: _id === 0 ? 2 : 1 }))
  try {
    admin.adminCommand({ replSetInitiate: { _id: 'ecluse', members } })
  } catch (error) {
    // AlreadyInitialized: an earlier run came so far.
    if (error.code !== 23) throw error
  }
  eventually('mongo-1 becomes the primary', () => {
    if (!admin.adminCommand({ hello: 1 }).isWritablePrimary) throw new Error('it is not yet')
  })
}

if (!eventually('mongo-1 answers', hasAdministrator)) {
  const admin = connect(LOCAL)
  makeReplicaSet(admin)
  admin.createUser({ user: 'admin', pwd: password('mongodb-admin'), roles: ['root'] })
}

const all = `mongodb://${MEMBERS.join(',')}/admin?replicaSet=ecluse&w=majority&${TLS}`
// What the page of rights expects: `db`, and the passwords in the environment.
globalThis.db = eventually('the replica set answers', () => connect(asAdministrator(all)))
process.env.VAULT_PASSWORD = password('vault')
process.env.DOCUMENTS_PASSWORD = password('documents')
load('/permissions/mongodb.js')
