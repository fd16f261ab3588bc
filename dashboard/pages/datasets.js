// All datasets the reader may see.

import { html } from 'htm/preact'
import { useLoad } from '../kit/load.js'
import { Empty, Page, Table, Trouble, Waiting } from '../kit/parts.js'
import { link } from '../kit/route.js'
import { number, share } from '../kit/show.js'
import { t } from '../kit/text.js'

export function DatasetsPage() {
  const { data, problem } = useLoad('/v1/datasets')
  return html`<${Page} title=${t('page.datasets')} lead=${t('datasets.lead')}>
    ${problem && html`<${Trouble} problem=${problem} />`}
    ${!data && !problem && html`<${Waiting} />`}
    ${data && (data.items.length > 0 ? html`<${All} items=${data.items} />` : html`<${Empty} title=${t('datasets.none')}>${t('datasets.noneDo')}</${Empty}>`)}
  </${Page}>`
}

function All({ items }) {
  const columns = [
    {
      label: t('dataset'),
      head: true,
      show: ({ dataset, title }) =>
        html`<a href=${link(['datasets', dataset])}>${dataset}</a><br /><span class="soft">${title}</span>`,
    },
    { label: t('datasets.owner'), show: ({ owner }) => owner },
    { label: t('datasets.steward'), show: ({ steward }) => steward },
    { label: t('datasets.newest'), show: ({ newest }) => html`<span class="mono">${newest}</span>` },
    {
      label: t('datasets.classified'),
      numeric: true,
      show: ({ coverage }) => share(coverage.classified, coverage.declared),
    },
    {
      label: t('datasets.protected'),
      numeric: true,
      show: ({ coverage }) =>
        t('datasets.protectedOf', { count: number(coverage.protected), all: number(coverage.declared) }),
    },
  ]
  return html`<${Table} quiet caption=${t('page.datasets')} rows=${items} columns=${columns} keyOf=${({ dataset }) => dataset} />`
}
