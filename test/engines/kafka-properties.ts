// What Kafka's own configuration files hold.

export interface BrokerPorts {
  client: number
  /** Between brokers. */
  broker: number
  controller: number
}

export interface BrokerFacts {
  /** Which of the brokers, from 0. */
  at: number
  ports: BrokerPorts[]
  /** PEM: key, certificate, authority. */
  keystore: string
  truststore: string
  data: string
}

/** A broker that is its own controller: SCRAM for clients, certificates between brokers, and no right by default. */
export function brokerProperties({ at, ports, keystore, truststore, data }: BrokerFacts): string {
  const own = ports[at]!
  const replicas = ports.length
  const inSync = Math.min(2, replicas)
  return lines({
    'process.roles': 'broker,controller',
    'node.id': at + 1,
    'controller.quorum.voters': ports.map(({ controller }, i) => `${i + 1}@127.0.0.1:${controller}`).join(','),
    listeners: `CLIENT://127.0.0.1:${own.client},BROKER://127.0.0.1:${own.broker},CONTROLLER://127.0.0.1:${own.controller}`,
    'advertised.listeners': `CLIENT://127.0.0.1:${own.client},BROKER://127.0.0.1:${own.broker}`,
    'listener.security.protocol.map': 'CLIENT:SASL_SSL,BROKER:SSL,CONTROLLER:SSL',
    'inter.broker.listener.name': 'BROKER',
    'controller.listener.names': 'CONTROLLER',
    'log.dirs': data,

    'ssl.keystore.type': 'PEM',
    'ssl.keystore.location': keystore,
    'ssl.truststore.type': 'PEM',
    'ssl.truststore.location': truststore,
    'listener.name.broker.ssl.client.auth': 'required',
    'listener.name.controller.ssl.client.auth': 'required',
    // A client's certificate is looked at if it sends one; its user is SCRAM's.
    'listener.name.client.ssl.client.auth': 'requested',
    'listener.name.client.sasl.enabled.mechanisms': 'SCRAM-SHA-512',
    'listener.name.client.scram-sha-512.sasl.jaas.config': `${SCRAM} required;`,
    'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
    'allow.everyone.if.no.acl.found': false,
    // The brokers themselves are whom their certificate names.
    'super.users': 'User:admin;User:CN=localhost',

    'auto.create.topics.enable': false,
    'default.replication.factor': replicas,
    'min.insync.replicas': inSync,
    'offsets.topic.replication.factor': replicas,
    'offsets.topic.num.partitions': 4,
    'transaction.state.log.replication.factor': replicas,
    'transaction.state.log.min.isr': inSync,
    'share.coordinator.state.topic.replication.factor': replicas,
    'share.coordinator.state.topic.min.isr': inSync,
    // What takes minutes in production takes moments in tests.
    'group.initial.rebalance.delay.ms': 0,
    'group.min.session.timeout.ms': 1_000,
    'log.retention.check.interval.ms': 1_000,
    'log.initial.task.delay.ms': 1_000,
    'log.segment.delete.delay.ms': 1_000,
    'num.network.threads': 2,
    'num.io.threads': 4,
    'log.cleaner.dedupe.buffer.size': 8 * 1_048_576,
  })
}

/** What Kafka's command-line tools log in with. */
export function clientProperties(user: { username: string; password: string; truststore: string }): string {
  return lines({
    'security.protocol': 'SASL_SSL',
    'sasl.mechanism': 'SCRAM-SHA-512',
    'sasl.jaas.config': `${SCRAM} required username="${user.username}" password="${user.password}";`,
    'ssl.truststore.type': 'PEM',
    'ssl.truststore.location': user.truststore,
  })
}

const SCRAM = 'org.apache.kafka.common.security.scram.ScramLoginModule'

function lines(properties: Record<string, string | number | boolean>): string {
  return Object.entries(properties)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('')
}
