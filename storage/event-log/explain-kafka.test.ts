import assert from 'node:assert/strict'
import { test } from 'node:test'
import { explainKafka, RightMissing } from './explain-kafka.ts'
import { TopicUndercuts } from './kafka-topics.ts'

const explain = (error: unknown, username = 'u') =>
  explainKafka({ servers: 'a:1,b:2', username }, 'Create', 'ecluse.x')(error)

const refused = (type: string) => Object.assign(new Error('x'), { name: 'KafkaJSProtocolError', type })
const named = (name: string, message = 'x') => Object.assign(new Error(message), { name })

test('a missing right is named with the command that grants it', () => {
  const start = 'event-log: Kafka at a:1,b:2 refuses user u the right'
  const grant = (right: string, kind = 'topic') =>
    `Grant it: kafka-acls.sh --bootstrap-server a:1 --add --allow-principal User:u --operation ${right} --${kind} ecluse. --resource-pattern-type prefixed`
  assert.equal(explain(refused('TOPIC_AUTHORIZATION_FAILED')), `${start} Create on topic ecluse.x. ${grant('Create')}`)
  assert.equal(
    explain(new RightMissing('DescribeConfigs', { cause: refused('TOPIC_AUTHORIZATION_FAILED') })),
    `${start} DescribeConfigs on topic ecluse.x. ${grant('DescribeConfigs')}`,
  )
  assert.ok(
    explain(named('KafkaJSGroupCoordinatorNotFound')).startsWith(
      `${start} Read on group ecluse.x. ${grant('Read', 'group')}. If it has the right: __consumer_offsets`,
    ),
  )
})

test('a topic that undercuts its policy keeps its sentence, and the right that would mend it is named', () => {
  const sentence = 'topic ecluse.x must have retention.ms=5 (it is 4): set it, or grant AlterConfigs'
  const text = explain(new TopicUndercuts(sentence, { cause: refused('TOPIC_AUTHORIZATION_FAILED') }))
  assert.ok(text.startsWith(`event-log: Kafka at a:1,b:2: ${sentence}: kafka-acls.sh `), text)
  assert.match(text, /--operation AlterConfigs --topic ecluse\./)
  assert.doesNotMatch(text, /Create/)
})

test('a server that takes connections and is silent is told from one that cannot be reached', () => {
  for (const silent of [new Error('Broker not connected'), named('KafkaJSConnectionError', 'Connection timeout')])
    assert.match(
      explain(new Error('x', { cause: silent })),
      /does not answer: look at its log, its load and the network; is TLS asked of a plain listener/,
    )
  const closed = named('KafkaJSConnectionClosedError', 'Closed connection')
  assert.match(explain(closed), /cannot be reached: .*the reverse\?$/)
  assert.match(explainKafka({ servers: 'a:1' }, 'Write', 't')(closed), /ECLUSE_EVENT_LOG_USERNAME\?$/)
})
