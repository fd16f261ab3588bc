// A minute of the ledger that does not balance: which equation, what was expected and found, all counts of the minute, and
// how to read the ledger around it, which has no page.

import { html } from 'htm/preact'
import { Code, Facts, Section, Table } from '../kit/parts.js'
import { number, Time } from '../kit/show.js'
import { t, word } from '../kit/text.js'

export function Unbalanced({ dataset, evidence }) {
  if (!evidence) return null
  const { mismatches, line } = evidence
  const { dataset: _dataset, window, archive, ...counts } = line
  const { checkedAt, ...archived } = archive
  const columns = [
    { label: t('ledger.equation'), head: true, show: ({ equation }) => word('equation', equation) },
    { label: t('ledger.expected'), numeric: true, show: ({ expected }) => number(expected) },
    { label: t('ledger.found'), numeric: true, show: ({ found }) => number(found) },
  ]
  return html`<${Section} id="evidence" title=${t('anomalies.evidence')}>
    <${Table} quiet caption=${t('anomalies.evidence')} rows=${mismatches} columns=${columns} />
    <h3 class="inner">${t('ledger.line')}</h3>
    <${Facts} facts=${[
      [t('anomalies.window'), html`<${Time} at=${window.start} /> – <${Time} at=${window.end} />`],
      ...Object.entries(counts).map(([name, value]) => [word('counted', name), number(value)]),
      ...Object.entries(archived).map(([name, value]) => [
        word('archived', name),
        value === null ? '–' : number(value),
      ]),
      [t('ledger.checkedAt'), html`<${Time} at=${checkedAt} seconds=${true} />`],
    ]} />
    <${Code} label=${t('ledger.command')} text=${`ecluse ledger ${dataset} --from ${window.start} --to ${window.end}`} />
    <${Code} label=${t('ledger.call')} text=${`GET /v1/ledger?dataset=${dataset}&from=${window.start}&to=${window.end}`} />
  </${Section}>`
}
