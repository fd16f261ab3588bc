// What Cassandra 5 wants to be told: its configuration files, and what Java must open to it.

const MEMTABLE = '64MiB'

export interface CassandraFacts {
  clientPort: number
  storagePort: number
  /** PKCS #12, with the server's key. */
  keystore: string
  keystorePassword: string
}

/** One node that asks for a password and for TLS, and loses no acknowledged row when it is killed. */
export function cassandraYaml({ clientPort, storagePort, keystore, keystorePassword }: CassandraFacts): string {
  return `cluster_name: ecluse-tests
num_tokens: 4
partitioner: org.apache.cassandra.dht.Murmur3Partitioner
endpoint_snitch: SimpleSnitch
seed_provider:
  - class_name: org.apache.cassandra.locator.SimpleSeedProvider
    parameters:
      - seeds: "127.0.0.1:${storagePort}"
listen_address: 127.0.0.1
rpc_address: 127.0.0.1
storage_port: ${storagePort}
native_transport_port: ${clientPort}
start_native_transport: true
client_encryption_options:
  enabled: true
  optional: false
  keystore: ${keystore}
  keystore_password: ${keystorePassword}
  store_type: PKCS12
  require_client_auth: false
authenticator: PasswordAuthenticator
authorizer: CassandraAuthorizer
role_manager: CassandraRoleManager
# A grant counts soon.
roles_validity: 500ms
permissions_validity: 500ms
credentials_validity: 500ms
# The default, periodic, loses acknowledged rows when the process is killed.
commitlog_sync: batch
# Without it no row can be kept beyond 2038.
storage_compatibility_mode: NONE
auto_snapshot: false
memtable_heap_space: ${MEMTABLE}
memtable_offheap_space: ${MEMTABLE}
concurrent_reads: 8
concurrent_writes: 8
`
}

/** Its own default writes every detail. */
export const LOGBACK = `<configuration>
  <appender name="out" class="ch.qos.logback.core.ConsoleAppender">
    <encoder><pattern>%-5level %date{HH:mm:ss.SSS} %logger{0} %msg%n</pattern></encoder>
  </appender>
  <root level="INFO"><appender-ref ref="out" /></root>
</configuration>
`

const EXPORTS = {
  'java.base': ['jdk.internal.misc', 'jdk.internal.ref', 'java.lang.ref', 'java.lang.reflect', 'sun.nio.ch'],
  'java.management.rmi': ['com.sun.jmx.remote.internal.rmi'],
  'java.rmi': ['sun.rmi.registry', 'sun.rmi.server'],
  'java.sql': ['java.sql'],
  'jdk.unsupported': ['sun.misc'],
}
const OPENS = {
  'java.base': [
    ...['java.lang', 'java.lang.module', 'java.lang.reflect', 'java.io', 'java.net', 'java.nio', 'java.util'],
    ...['java.util.concurrent', 'java.util.concurrent.atomic', 'sun.nio.ch', 'jdk.internal.loader'],
    ...[
      'jdk.internal.math',
      'jdk.internal.module',
      'jdk.internal.ref',
      'jdk.internal.reflect',
      'jdk.internal.util.jar',
    ],
  ],
  'jdk.management': ['com.sun.management.internal'],
  'java.rmi': ['sun.rmi.transport.tcp'],
}

const openTo = (option: string, modules: Record<string, string[]>) =>
  Object.entries(modules).flatMap(([module, packages]) =>
    packages.map(each => `${option}=${module}/${each}=ALL-UNNAMED`),
  )

/** The arguments of `java`. @param dir holds `cassandra.yaml` and `logback.xml`, and the data */
export function cassandraArguments(dir: string, jars: string, jamm: string): string[] {
  return [
    `-javaagent:${jamm}`,
    ...['-Xms512m', '-Xmx512m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-XX:MaxDirectMemorySize=256m'],
    `-Dcassandra.storagedir=${dir}`,
    `-Dcassandra.config=file://${dir}/cassandra.yaml`,
    `-Dlogback.configurationFile=${dir}/logback.xml`,
    '-Dcassandra-foreground=yes',
    '-Dcassandra.skip_wait_for_gossip_to_settle=0',
    '-Dcassandra.ring_delay_ms=1000',
    '-Dcassandra.superuser_setup_delay_ms=0',
    '-Dcassandra.allow_unsafe_join=true',
    `-Djna.tmpdir=${dir}`,
    '-Djdk.attach.allowAttachSelf=true',
    '-Djava.security.manager=allow',
    ...openTo('--add-exports', EXPORTS),
    ...openTo('--add-opens', OPENS),
    ...['-cp', `${jars}/*`, 'org.apache.cassandra.service.CassandraDaemon'],
  ]
}
