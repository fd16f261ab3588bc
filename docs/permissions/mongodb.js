// The two users of Écluse in MongoDB, with no right more than they use. Run it as an administrator:
//
//   VAULT_PASSWORD=… DOCUMENTS_PASSWORD=… mongosh 'mongodb://admin@host:27017/admin?tls=true' docs/permissions/mongodb.js
//
// Both passwords come from the environment, so that neither stands in a file or in the shell's history; the names of
// the databases may be given as VAULT_DATABASE and DOCUMENTS_DATABASE. Running it again sets the rights and passwords.
// The users are made in their own databases: a URL without authSource finds them there.
//
// The vault's user cannot see the documents, nor the documents' user the vault: only this keeps a person's key and
// their events apart. So use two databases, and better two servers, with backups of their own.
//
// FerretDB knows no roles: there, every user may do everything. Give each port a server of its own.

const ports = [
  { name: 'VAULT', user: 'ecluse_vault', role: 'ecluseVault', database: process.env.VAULT_DATABASE ?? 'ecluse_vault' },
  {
    name: 'DOCUMENTS',
    user: 'ecluse_documents',
    role: 'ecluseDocuments',
    database: process.env.DOCUMENTS_DATABASE ?? 'ecluse_documents',
  },
]

for (const { name, user, role, database } of ports) {
  const password = process.env[`${name}_PASSWORD`]
  if (!password) throw new Error(`${name}_PASSWORD is not set`)
  const target = db.getSiblingDB(database)
  const privileges = [
    {
      // Every collection of this one database.
      resource: { db: database, collection: '' },
      actions: ['find', 'insert', 'update', 'remove', 'createCollection', 'createIndex', 'listCollections'],
    },
  ]
  if (target.getRole(role)) target.updateRole(role, { privileges, roles: [] })
  else target.createRole({ role, privileges, roles: [] })
  if (target.getUser(user)) target.updateUser(user, { pwd: password, roles: [role] })
  else target.createUser({ user, pwd: password, roles: [role] })
  print(`${user} may use ${database} as ${role}`)
}
