// A contract: a dataset's schema versions and policy, compiled into one object that can check, classify and protect
// an event. Built by `load.ts`; everything here is data and plain functions, never changed after it is built.

import type { JsonObject, JsonValue } from '../../storage/json.ts'
import type { JsonSchema } from '../../storage/registry/registry.ts'
import type { Level } from '../classification/taxonomy.ts'
import type { Action, ActionName } from '../protection/action.ts'
import type { Aggregate } from './aggregate.ts'
import type { Compute } from './compute.ts'
import type { Computation } from './computed-shape.ts'
import type { Position } from './diagnostic.ts'
import type { Policy } from './policy.ts'
import type { QualityPolicy } from './quality.ts'
import type { ReferenceTable } from './reference-table.ts'

/** One way in which an event breaks its contract. Never holds a value or an undeclared property's name. */
export interface Violation {
  /** RFC 6901, with `*` in place of any name the schema does not declare; '' is the whole event. */
  pointer: string
  /** The JSON Schema keyword, or one of our own: `json`, `id`, `time`, `subject`, `unclassified` … */
  keyword: string
  /** What is wrong, in one sentence. */
  detail: string
  /** What the producer can do, in one sentence. */
  fix: string
}

/** How a field was classified and what is done to it. */
export interface FieldRule {
  /** The field's pattern in the schema: tokens of RFC 6901, `*` for the items of an array. */
  pointer: string
  category?: string
  level: Level
  /** `reject`: an event that holds this field is rejected (unclassified: reject). */
  action: Action | 'reject'
  actionName: ActionName | 'reject'
  /** The action's parameters as they are written; left out where it has none. */
  parameters?: unknown
  /** Name of the subject whose key protects the field. */
  of?: string
  /** How it is made, of a field that the policy adds to events. */
  computed?: Computation
  /** Who decided: the policy's fields, the schema's annotation, the policy's event section, or nobody. */
  source: 'policy' | 'schema' | 'event' | 'unclassified'
}

/** The protection plan, shaped like the schema: what to do at each place of an event. */
export interface PlanNode {
  pointer: string
  /** Applies to a value that is no container, or to any value when `whole`; undefined only where none can stand. */
  rule?: FieldRule
  /** The rule seals or drops the value as one, whatever is inside. */
  whole: boolean
  /** A declared object's properties. */
  members?: Map<string, PlanNode>
  /** One plan for all items of an array. */
  items?: PlanNode
}

export interface Coverage {
  /** Fields (leaves of the schema, maps sealed as one value counted once; computed ones too). */
  declared: number
  /** Of these, classified by policy, schema or event section. */
  classified: number
  /** Of these, stored otherwise than `keep`. */
  protected: number
}

export interface SubjectRule {
  /** The name rules refer to by `of:`. */
  name: string
  type: string
  /** RFC 6901 pointer to the id in the raw event. */
  pointer: string
  /** Other names this person answers to: filled into the vault at ingestion. */
  aliases: { type: string; pointer: string }[]
  /** Ids that are nobody (`unknown`, `0`). */
  sentinels: Set<string>
}

/** One schema version under the dataset's policy. */
export interface ContractVersion {
  /** SchemaVer: MODEL-REVISION-ADDITION. */
  version: string
  /** The raw schema, as registered by the steward. */
  schema: JsonSchema
  schemaText: string
  /** The file, or where the policy names the registry. */
  schemaAt: Position
  /** Hex SHA-256 of the file's bytes; of the RFC 8785 text, for a schema from the registry. */
  schemaSha256: string
  /** The event's violations, at most `maxViolations`; empty when it is valid. Changes nothing in the event. */
  validate(event: JsonObject): Violation[]
  /** Adds what the policy computes to a valid raw event: what `plan` protects then. */
  compute: Compute
  plan: PlanNode
  /** Draft 2020-12, closed: the types after protection. Registered before the contract goes live. */
  derived: JsonSchema
  fields: FieldRule[]
  coverage: Coverage
}

export interface Contract {
  dataset: string
  policy: Policy
  /** The policy file as it was read, and the hex SHA-256 of its bytes. */
  policyText: string
  policySha256: string
  policyFile: string
  /** All versions by name, and the one an event gets that names none: newest of the highest MODEL. */
  versions: Map<string, ContractVersion>
  newest: string
  /** The first is primary. Empty: nobody's data. */
  subjects: SubjectRule[]
  eventId: { pointer: string; personal: boolean } | undefined
  /** The event's time in the raw event. `zone`: IANA zone of times without offset. */
  eventTime: { pointer: string; zone?: string } | undefined
  /** CloudEvents `source` and `type` of every stored event. */
  ceSource: string
  ceType: string
  retentionMs: { log: number; events: number; quarantine: number; lake: number }
  /** Statistics that processors keep up to date. */
  aggregates: Aggregate[]
  /** What the policy promises of the data's quality; without promises where it says nothing. */
  quality: QualityPolicy
  /** The tables that aggregates join, by name. */
  references: Map<string, ReferenceTable>
  /** A sample event in the raw shape, from the newest schema's `examples`. */
  sample: JsonValue | undefined
}
