// Why events were rejected, what producers send otherwise than the schema says, texts that look personal, and rules that
// were broken.

import { html } from 'htm/preact'
import { mayOn } from '../kit/call.js'
import { Bars } from '../kit/chart.js'
import { Section, Table } from '../kit/parts.js'
import { link } from '../kit/route.js'
import { number, percent, share } from '../kit/show.js'
import { t, word } from '../kit/text.js'
import { fieldName } from './quality-score.js'

const MAX_BARS = 10

export function Causes({ dataset, summary: { causes, volume } }) {
  const named = ({ cause }) =>
    mayOn(dataset, 'quarantine')
      ? html`<a class="mono" href=${link(['quarantine'], { dataset, cause })}>${cause}</a>`
      : html`<span class="mono">${cause}</span>`
  const columns = [
    { label: t('quarantine.cause'), head: true, show: named },
    { label: t('quarantine.count'), numeric: true, show: ({ count }) => number(count) },
    { label: t('quality.ofRejected'), numeric: true, show: ({ count }) => share(count, volume.rejected) },
  ]
  return html`<${Section} id="causes" title=${t('quality.causes')}>
    ${
      causes.length === 0
        ? html`<p class="soft">${t('quality.noCauses')}</p>`
        : html`<${Bars} bars=${causes.slice(0, MAX_BARS).map(({ cause, count }) => ({ name: cause, value: count }))} />
          <${Table} quiet caption=${t('quality.causes')} rows=${causes} columns=${columns} keyOf=${({ cause }) => cause} />`
    }
  </${Section}>`
}

export function SchemaDrift({ drift }) {
  const rows = Object.entries(drift).flatMap(([kind, list]) => list.map(each => ({ kind, ...each })))
  const columns = [
    { label: t('quality.driftKind'), head: true, show: ({ kind }) => t(`schemaDrift.${kind}`) },
    { label: t('field.pointer'), show: ({ pointer }) => html`<span class="mono">${fieldName(pointer)}</span>` },
    { label: t('quarantine.count'), numeric: true, show: ({ count }) => number(count) },
  ]
  return html`<${Section} id="schema-drift" title=${t('quality.schemaDrift')} note=${t('quality.schemaDriftNote')}>
    ${
      rows.length === 0
        ? html`<p class="soft">${t('quality.noSchemaDrift')}</p>`
        : html`<${Table} quiet caption=${t('quality.schemaDrift')} rows=${rows} columns=${columns} />`
    }
  </${Section}>`
}

export function Suspects({ summary: { sampled, suspects } }) {
  const columns = [
    {
      label: t('field.pointer'),
      head: true,
      show: ({ pointer }) => html`<span class="mono">${fieldName(pointer)}</span>`,
    },
    { label: t('quality.looksLike'), show: ({ kind }) => word('suspect', kind) },
    { label: t('quality.texts'), numeric: true, show: ({ count }) => number(count) },
  ]
  return html`<${Section} id="suspects" title=${t('quality.suspects')} note=${t('quality.suspectsNote', { count: number(sampled) })}>
    ${
      suspects.length === 0
        ? html`<p class="soft">${t('quality.noSuspects')}</p>`
        : html`<${Table} quiet caption=${t('quality.suspects')} rows=${suspects} columns=${columns} />`
    }
  </${Section}>`
}

export function Consistency({ rules }) {
  if (rules.length === 0) return null
  const columns = [
    { label: t('quality.rule'), head: true, show: ({ rule }) => html`<span class="mono">${rule}</span>` },
    { label: t('quality.events'), numeric: true, show: ({ of }) => number(of) },
    { label: t('quality.broken'), numeric: true, show: ({ broken }) => number(broken) },
    { label: t('quality.promised'), numeric: true, show: ({ promised }) => percent(promised) },
    { label: t('quality.share'), numeric: true, show: ({ of, broken }) => percent(of === 0 ? null : 1 - broken / of) },
  ]
  return html`<${Section} id="consistency" title=${t('quality.rules')} note=${t('quality.rulesNote')}>
    <${Table} quiet caption=${t('quality.rules')} rows=${rules} columns=${columns} keyOf=${({ rule }) => rule} />
  </${Section}>`
}
