// What an anomaly of windows shows, in one sentence of each language, from its kind, its field and its numbers.

import type { Language } from '../../runtime/language.ts'
import type { MetricName } from './metrics-of.ts'

const MINUTE_MS = 60_000

/** What a sentence is made of: see `evidenceOf`. No value of an event. */
export interface Seen {
  kind: string
  metric: MetricName
  pointer: string
  about: string
  value: number
  of: number
  usual?: number
  allowed?: number
  /** RFC 3339. */
  since?: string
}

type Sentences = Record<MetricName, (seen: Seen) => string>

const figure = (value: number) => String(Number(value.toPrecision(3)))
const percent = (share: number) => `${figure(share * 100)} %`
const seconds = (ms: number) => `${figure(ms / 1_000)} s`
/** Decimals behind a comma. */
const comma = (number: string) => number.replace('.', ',')

const enShare = ({ value, of }: Seen) => `${percent(value)} of ${of} events`
const enAgainst = ({ usual, allowed }: Seen) =>
  allowed !== undefined
    ? `; the policy allows ${percent(allowed)}`
    : usual === undefined
      ? ''
      : `; ${percent(usual)} is usual`
const enLooks: Record<string, string> = {
  email: 'e-mail addresses',
  phone: 'telephone numbers',
  iban: 'bank accounts',
  card: 'card numbers',
  ip: 'IP addresses',
}

const en: Sentences = {
  volume: ({ kind, value, usual, allowed, since }) => {
    if (kind === 'silence') {
      const policy =
        allowed === undefined ? '' : `, longer than the ${figure(allowed / MINUTE_MS)} minutes that the policy allows`
      const normal = usual === undefined ? '' : `; about ${figure(usual)} a minute are usual then`
      return `No event came${since === undefined ? '' : ` since ${since}`}${policy}${normal}.`
    }
    const against =
      allowed === undefined ? `about ${figure(usual!)} are usual then` : `the policy expects ${allowed} at most`
    return `${value} events came in a minute; ${against}.`
  },
  rejections: seen => `${enShare(seen)} were rejected${enAgainst(seen)}.`,
  duplicates: seen => `${enShare(seen)} had come before under the same id${enAgainst(seen)}.`,
  ahead: seen => `${enShare(seen)} have a time that is ahead of their reception by more than the policy allows.`,
  delay: ({ value, of, usual }) =>
    `One in twenty of ${of} events came ${seconds(value)} or more after its own time; ${seconds(usual!)} is usual.`,
  late: seen => `${enShare(seen)} came later after their own time than the policy promises${enAgainst(seen)}.`,
  missing: seen => `${seen.pointer} lacks a value in ${enShare(seen)}${enAgainst(seen)}.`,
  values: ({ pointer, value, of, usual }) =>
    `The mean of ${pointer} was ${figure(value)} over ${of} values; ${figure(usual!)} is usual.`,
  broken: seen => `The rule ${seen.about} was broken by ${enShare(seen)}${enAgainst(seen)}.`,
  causes: seen =>
    seen.about === 'required'
      ? `${enShare(seen)} were rejected because ${seen.pointer} is missing.`
      : `${enShare(seen)} were rejected by \`${seen.about}\` at ${seen.pointer || 'the event itself'}: they have another shape than the schema says.`,
  spread: ({ pointer, value, of, allowed }) =>
    `The ${of} values of ${pointer} in an hour are spread otherwise than at this time of the days before: a stability index of ${figure(value)}, where ${figure(allowed!)} is much.`,
  suspects: ({ pointer, about, value, of }) =>
    `Texts at ${pointer}, which are kept as they come, looked like ${enLooks[about] ?? about} in ${percent(value)} of the ${of} events that were looked at.`,
}

const frShare = ({ value, of }: Seen) => `${comma(percent(value))} de ${of} événements`
const frAgainst = ({ usual, allowed }: Seen) =>
  allowed !== undefined
    ? ` ; la politique en permet ${comma(percent(allowed))}`
    : usual === undefined
      ? ''
      : ` ; d’habitude, c’est ${comma(percent(usual))}`
const frLooks: Record<string, string> = {
  email: 'des adresses électroniques',
  phone: 'des numéros de téléphone',
  iban: 'des comptes bancaires',
  card: 'des numéros de carte',
  ip: 'des adresses IP',
}

const fr: Sentences = {
  volume: ({ kind, value, usual, allowed, since }) => {
    if (kind === 'silence') {
      const policy =
        allowed === undefined
          ? ''
          : `, soit plus longtemps que les ${comma(figure(allowed / MINUTE_MS))} minutes que permet la politique`
      const normal = usual === undefined ? '' : ` ; d’habitude, il en vient environ ${comma(figure(usual))} par minute`
      return `Aucun événement n’est arrivé${since === undefined ? '' : ` depuis ${since}`}${policy}${normal}.`
    }
    const against =
      allowed === undefined
        ? `d’habitude, il en vient environ ${comma(figure(usual!))}`
        : `la politique en attend ${allowed} au plus`
    return `${value} événements sont arrivés en une minute ; ${against}.`
  },
  rejections: seen => `${frShare(seen)} ont été rejetés${frAgainst(seen)}.`,
  duplicates: seen => `${frShare(seen)} étaient déjà arrivés sous le même identifiant${frAgainst(seen)}.`,
  ahead: seen => `${frShare(seen)} portent une heure en avance sur leur réception, plus que la politique ne le permet.`,
  delay: ({ value, of, usual }) =>
    `Un événement sur vingt, parmi ${of}, est arrivé ${comma(seconds(value))} ou plus après sa propre heure ; d’habitude, c’est ${comma(seconds(usual!))}.`,
  late: seen =>
    `${frShare(seen)} sont arrivés plus tard après leur propre heure que la politique ne le promet${frAgainst(seen)}.`,
  missing: seen => `${seen.pointer} est sans valeur dans ${frShare(seen)}${frAgainst(seen)}.`,
  values: ({ pointer, value, of, usual }) =>
    `La moyenne de ${pointer} était de ${comma(figure(value))} sur ${of} valeurs ; d’habitude, elle est de ${comma(figure(usual!))}.`,
  broken: seen => `La règle ${seen.about} a été enfreinte par ${frShare(seen)}${frAgainst(seen)}.`,
  causes: seen =>
    seen.about === 'required'
      ? `${frShare(seen)} ont été rejetés parce que ${seen.pointer} manque.`
      : `${frShare(seen)} ont été rejetés par \`${seen.about}\` à ${seen.pointer || 'l’événement lui-même'} : ils ont une autre forme que celle du schéma.`,
  spread: ({ pointer, value, of, allowed }) =>
    `Les ${of} valeurs de ${pointer} en une heure se répartissent autrement qu’à la même heure les jours d’avant : un indice de stabilité de ${comma(figure(value))}, où ${comma(figure(allowed!))} est beaucoup.`,
  suspects: ({ pointer, about, value, of }) =>
    `Les textes à ${pointer}, gardés tels qu’ils arrivent, ressemblaient à ${frLooks[about] ?? about} dans ${comma(percent(value))} des ${of} événements regardés.`,
}

/** One sentence: what it is at its worst. */
export const sentences: Record<Language, Sentences> = { en, fr }
