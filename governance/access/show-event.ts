// A stored event as one caller may see it. Fields of levels outside the caller's mask are left out; who may read in the
// clear sees what can be opened. Never shows a field that the contract of its time does not know.

import type { JsonObject, JsonValue } from '../../storage/json.ts'
import type { StoredEvent } from '../../storage/stored-shapes.ts'
import type { FieldMask } from './access.ts'
import { type EventReading, unknownEnvelope } from './event-reading.ts'
import { treatEvent } from './field-tree.ts'
import { makeOpener, type OpenablePerson } from './open-event.ts'

/** Members outside the mask are missing. */
export type ShownEvent = Pick<StoredEvent, 'dataset' | 'schema' | 'policy'> &
  Partial<
    Pick<
      StoredEvent,
      'id' | 'rectifies' | 'rectifiedBy' | 'time' | 'timeAmbiguous' | 'receivedAt' | 'subject' | 'position'
    >
  > & {
    /** When it was replayed from the quarantine. */
    replayedAt?: string
    event: JsonObject
  }

export interface ShowOptions {
  mask: FieldMask
  /** Pseudonyms of whom nothing may be read. An event's first person is not among them: the caller saw to that. */
  unreadable: ReadonlySet<string>
  /** Persons whose data may be shown in the clear, by pseudonym; none unless it was asked for. */
  persons?: ReadonlyMap<string, OpenablePerson>
  /** Told of each person of whom something is shown in the clear. */
  onOpened?: (pseudonym: string) => void
}

/** @param reading undefined where the contract of its time is unknown: then it is only said that there is an event */
export function showEvent(
  stored: StoredEvent,
  reading: EventReading | undefined,
  { mask, unreadable, persons = new Map(), onOpened }: ShowOptions,
): ShownEvent {
  const { id, rectifies, rectifiedBy, time, timeAmbiguous, subject, dataset, schema, policy } = stored
  const { receivedAt, position, replay } = stored
  const envelope = reading?.envelope ?? unknownEnvelope
  const may = mask.read
  return {
    ...(may.has(envelope.id) && { id, rectifies, rectifiedBy }),
    dataset,
    ...(may.has(envelope.time) && { time, timeAmbiguous }),
    ...(may.has('internal') && { receivedAt, position, ...(replay && { replayedAt: replay.at }) }),
    ...(may.has(envelope.subject) && { subject }),
    schema,
    policy,
    event: reading ? showFields(stored, reading, { mask, unreadable, persons, ...(onOpened && { onOpened }) }) : {},
  }
}

function showFields(
  stored: StoredEvent,
  { contract, tree, levelOf, levelsWithin }: EventReading,
  { mask, unreadable, persons, onOpened }: ShowOptions & Required<Pick<ShowOptions, 'persons'>>,
): JsonObject {
  const { personOf, open } = makeOpener(contract, stored, persons, onOpened)
  return treatEvent(tree, stored.event, {
    enters: node => !levelsWithin(node).isDisjointFrom(mask.read),
    value: (value, field): JsonValue | undefined => {
      const level = levelOf(field)
      if (!field || !mask.read.has(level)) return undefined
      const person = personOf(field)
      // As protection does with another person than the first who is fenced.
      if (person !== null && unreadable.has(person)) return null
      return mask.clear.has(level) ? open(value, field) : value
    },
  })
}
