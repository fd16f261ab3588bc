// SchemaVer: MODEL-REVISION-ADDITION. MODEL: no earlier event can be relied on to be valid; REVISION: some may not be;
// ADDITION: all are.

export type SchemaStep = 'addition' | 'revision' | 'model'

export interface SchemaVersion {
  model: number
  revision: number
  addition: number
}

/** Reads `1-0-0`; undefined when it is no version. */
export function parseSchemaVersion(text: string): SchemaVersion | undefined {
  const match = /^([1-9]\d{0,4})-(0|[1-9]\d{0,4})-(0|[1-9]\d{0,4})$/.exec(text)
  return match ? { model: Number(match[1]), revision: Number(match[2]), addition: Number(match[3]) } : undefined
}

export function formatSchemaVersion({ model, revision, addition }: SchemaVersion): string {
  return `${model}-${revision}-${addition}`
}

/** Oldest first. */
export function compareSchemaVersions(a: string, b: string): number {
  const [x, y] = [parseSchemaVersion(a)!, parseSchemaVersion(b)!]
  return x.model - y.model || x.revision - y.revision || x.addition - y.addition
}

/** How far one version says it is from an earlier one. */
export function statedStep(from: SchemaVersion, to: SchemaVersion): SchemaStep {
  return to.model !== from.model ? 'model' : to.revision !== from.revision ? 'revision' : 'addition'
}

/** The version that such a step leads to. */
export function nextVersion({ model, revision, addition }: SchemaVersion, step: SchemaStep): SchemaVersion {
  if (step === 'model') return { model: model + 1, revision: 0, addition: 0 }
  return step === 'revision'
    ? { model, revision: revision + 1, addition: 0 }
    : { model, revision, addition: addition + 1 }
}

const order: readonly SchemaStep[] = ['addition', 'revision', 'model']

/** Whether the second step is the greater one. */
export function isSmallerStep(a: SchemaStep, b: SchemaStep): boolean {
  return order.indexOf(a) < order.indexOf(b)
}
