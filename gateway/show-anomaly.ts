// What one caller may see of anomalies: numbers of the fields whose levels it reads, and the events that conflicts are about.

import type { FieldMask } from '../governance/access/access.ts'
import type { Caller } from '../governance/access/caller.ts'
import { type PointerLevel, pointerLevels } from '../governance/access/pointer-levels.ts'
import { describeAnomaly } from '../governance/anomalies/describe-anomaly.ts'
import { higherLevel, type Level } from '../governance/classification/taxonomy.ts'
import type { Language } from '../runtime/language.ts'
import type { StoredAnomaly } from '../storage/stored-shapes.ts'
import type { GatewayDeps } from './gateway-deps.ts'
import { type NamedEvent, nameEvents } from './name-events.ts'

/**
 * Asks which events these anomalies name; what is made of that shows one of them, also once it was judged.
 * @throws VaultUnavailable, DocumentsUnavailable
 */
export async function openShower(
  deps: GatewayDeps,
  caller: Caller,
  dataset: string,
  anomalies: StoredAnomaly[],
): Promise<(anomaly: StoredAnomaly, language?: Language) => object> {
  const live = deps.catalogue.find(dataset)
  const mask: FieldMask = { read: deps.access.current().mask(caller, dataset).read, clear: new Set() }
  const named = live && (await nameEvents(deps, { caller, live, mask, purpose: undefined }, anomalies))
  const levelOf = live && pointerLevels(live)
  return (anomaly, language = 'en') => shown(anomaly, { mask, language, levelOf, event: named?.get(anomaly.id) })
}

interface Showing {
  mask: FieldMask
  language: Language
  levelOf: PointerLevel | undefined
  event: NamedEvent | undefined
}

/**
 * Numbers, and what was said of them, are for those who may read the field that they are of: by its level when they were
 * found and the one in force, whichever is stricter.
 */
function shown(stored: StoredAnomaly, { mask: { read }, language, levelOf, event }: Showing) {
  const { copy: _copy, eventDocument: _document, run: _run, series: _series, running: _running, ...told } = stored
  const anomaly = { ...told, detail: describeAnomaly(told, language), ...(event && { event }) }
  const { level, evidence: _evidence, history, ...rest } = anomaly
  if (level === undefined) return anomaly
  const strictest = anomaly.pointer && levelOf ? higherLevel(level, levelOf(anomaly.pointer)) : level
  if (read.has(strictest)) return { ...anomaly, level: strictest }
  return {
    ...rest,
    level: strictest,
    detail: withheld[language](strictest),
    ...(history && { history: history.map(({ comment: _comment, ...entry }) => entry) }),
  }
}

const withheld: Record<Language, (level: Level) => string> = {
  en: level => `This is about a field of level ${level}, which none of your roles may read.`,
  fr: level => `Cela concerne un champ de niveau ${level}, qu’aucun de vos rôles ne peut lire.`,
}
