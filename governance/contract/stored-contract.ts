// Contracts as they were: what is needed to read an event again years later, under the schema and policy it was
// stored by. Written when a contract goes live; never changed.

import type { Documents } from '../../storage/documents/documents.ts'
import { asBody, contractDocumentId, type StoredContract, type StoredField } from '../../storage/stored-shapes.ts'
import type { Contract, ContractVersion, FieldRule, PlanNode } from './contract.ts'

/** The policy an event was treated by: the first 64 bits of its hash are enough to tell a dataset's policies apart. */
export function policyVersion({ policySha256 }: Pick<Contract, 'policySha256'>): string {
  return policySha256.slice(0, 16)
}

const storedOf = new WeakMap<Contract, StoredContract[]>()

/** A contract in the form in which it is stored, for each schema version: the same objects for the same contract. */
export function liveContracts(contract: Contract): StoredContract[] {
  const stored = storedOf.get(contract) ?? [...contract.versions.values()].map(v => storedContract(contract, v))
  storedOf.set(contract, stored)
  return stored
}

function storedContract(contract: Contract, version: ContractVersion): StoredContract {
  const { dataset, policy, eventId, eventTime, subjects } = contract
  return {
    dataset,
    schema: version.version,
    policy: policyVersion(contract),
    ...(policy.title !== undefined && { title: policy.title }),
    owner: policy.owner,
    purpose: policy.purpose,
    legalBasis: policy.legalBasis,
    recipients: policy.recipients ?? [],
    retention: policy.retention,
    fields: ruledFields(version).map(storedField),
    event: {
      ...(eventId && { idPointer: eventId.pointer, idPersonal: eventId.personal }),
      ...(eventTime && { timePointer: eventTime.pointer }),
      subjects: subjects.map(({ name, type, pointer }) => ({ name, type, pointer })),
    },
  }
}

/** A field of a plan, and whether it is treated as one value, whatever is inside. */
export interface RuledField {
  rule: FieldRule
  whole: boolean
}

/** The fields of a version, in the schema's order. What a plan does to a null in place of an object or array is none. */
export function ruledFields({ plan, fields }: Pick<ContractVersion, 'plan' | 'fields'>): RuledField[] {
  return [...fieldsOf(plan, new Set(fields))]
}

function* fieldsOf({ rule, whole, members, items }: PlanNode, fields: ReadonlySet<FieldRule>): Generator<RuledField> {
  if (rule && fields.has(rule)) yield { rule, whole }
  for (const member of members?.values() ?? []) yield* fieldsOf(member, fields)
  if (items) yield* fieldsOf(items, fields)
}

function storedField({ rule, whole }: RuledField): StoredField {
  const { pointer, level, category, actionName, of, action, computed } = rule
  return {
    pointer,
    level,
    ...(category !== undefined && { category }),
    action: actionName,
    ...(of !== undefined && { of }),
    whole,
    ...(action !== 'reject' && action.domain !== undefined && { domain: action.domain }),
    ...(computed !== undefined && { computed: true }),
  }
}

/** Writes a contract where readers find it. Idempotent: what stands under an id never differs. */
export async function keepContract(documents: Pick<Documents, 'insertFirst'>, contract: Contract): Promise<void> {
  await documents.insertFirst(
    'contracts',
    liveContracts(contract).map(stored => ({
      id: contractDocumentId(stored.dataset, stored.schema, stored.policy),
      version: 0,
      expiresAtMs: null,
      body: asBody(stored),
    })),
  )
}
