// Who may what: the reader's own rights first, then the whole matrix of the datasets they may see.

import { html } from 'htm/preact'
import { me } from '../kit/call.js'
import { useLoad } from '../kit/load.js'
import { Facts, Page, Section, Table, Trouble, Waiting } from '../kit/parts.js'
import { Time } from '../kit/show.js'
import { t, word } from '../kit/text.js'

/** In the order in which they are shown; what a newer gateway adds comes after them. */
const onDatasets = [
  'describe',
  'ingest',
  'quarantine',
  'reveal',
  'replay',
  'discard',
  'anomalies',
  'judge',
  'ledger',
  'quality',
  'reidentify',
]
const onAll = [
  'erase',
  'export',
  'rectify',
  'restrict',
  'object',
  'hold',
  'approve',
  'reprotect',
  'audit',
  'retention',
  'administer',
]

export function AccessPage() {
  const { data, problem } = useLoad('/v1/access/matrix')
  const { id, kind, roles, datasets, endsAt } = me.value
  return html`<${Page} title=${t('page.access')} lead=${t('access.lead')}>
    <${Section} id="mine" title=${t('access.mine')}>
      <${Facts} facts=${[
        [t('access.roles'), roles.map(role => word('role', role)).join(', ')],
        [t('access.datasets'), datasets.includes('*') ? t('access.all') : datasets.join(', ')],
        [t('access.credential'), html`${word('credential', kind)} <span class="mono">${id}</span>`],
        [t('access.endsAt'), html`<${Time} at=${endsAt} />`],
      ]} />
    </${Section}>
    ${problem && html`<${Trouble} problem=${problem} />`}
    ${!data && !problem && html`<${Waiting} />`}
    ${data?.datasets.map(({ dataset, roles: each }) => html`<${Section} key=${dataset} id=${`of-${dataset}`} title=${dataset}><${OnDataset} name=${dataset} roles=${each} /></${Section}>`)}
    ${data && html`<${Section} id="everywhere" title=${t('access.everywhere')}><${Everywhere} roles=${data.all} /></${Section}>`}
  </${Page}>`
}

function Mark({ has }) {
  return has
    ? html`<span class="yes"><span aria-hidden="true">●</span><span class="unseen">${t('yes')}</span></span>`
    : html`<span class="soft"><span aria-hidden="true">·</span><span class="unseen">${t('no')}</span></span>`
}

/** A row for each right, a column for each role; the reader's own stand out. */
function Matrix({ caption, roles, actions, levels = [] }) {
  const own = role => (me.value.roles.includes(role) ? 'mine' : undefined)
  const cell = (row, each) =>
    row.level
      ? each[row.level].map(level => word('level', level)).join(', ') || html`<${Mark} has=${false} />`
      : html`<${Mark} has=${each.actions.includes(row.right)} />`
  const columns = [
    { label: t('access.right'), head: true, show: ({ right }) => word('right', right) },
    ...roles.map(each => ({
      label: html`<span class=${own(each.role)}>${word('role', each.role)}</span>`,
      show: row => cell(row, each),
    })),
  ]
  const newer = roles.flatMap(each => each.actions).filter(action => !actions.includes(action))
  const rows = [...levels, ...[...actions, ...new Set(newer)].map(right => ({ right }))]
  return html`<${Table} kind="matrix" quiet caption=${caption} rows=${rows} columns=${columns} keyOf=${({ right }) => right} />`
}

function OnDataset({ name, roles }) {
  const levels = [
    { right: 'read', level: 'read' },
    { right: 'read-clear', level: 'readClear' },
  ]
  return html`<${Matrix} caption=${t('access.of', { dataset: name })} roles=${roles} actions=${onDatasets} levels=${levels} />`
}

function Everywhere({ roles }) {
  return html`<${Matrix} caption=${t('access.everywhere')} roles=${roles} actions=${onAll} />`
}
