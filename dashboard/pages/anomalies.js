// Things that should not be, dataset by dataset, newest first.

import { html } from 'htm/preact'
import { call, datasetsWhere } from '../kit/call.js'
import { Select } from '../kit/form.js'
import { useList } from '../kit/load.js'
import { Empty, List, Page, State } from '../kit/parts.js'
import { note, route } from '../kit/route.js'
import { Time } from '../kit/show.js'
import { t, word } from '../kit/text.js'

export function AnomaliesPage() {
  const names = datasetsWhere('anomalies')
  const { dataset = names[0] } = route.value.query
  const list = useList(dataset, page => call(`/v1/anomalies?${new URLSearchParams({ dataset, ...page })}`))
  const columns = [
    {
      label: t('anomalies.detectedAt'),
      head: true,
      show: ({ detectedAt }) => html`<${Time} at=${detectedAt} seconds=${true} />`,
    },
    { label: t('anomalies.kind'), show: ({ kind }) => word('anomaly', kind) },
    { label: t('anomalies.severity'), show: ({ severity }) => html`<${State} name=${severity} family="severity" />` },
    { label: t('requests.state'), show: ({ state }) => html`<${State} name=${state} />` },
    { label: t('anomalies.detail'), show: ({ detail }) => html`<span lang="en">${detail}</span>` },
  ]
  return html`<${Page} title=${t('page.anomalies')} lead=${t('anomalies.lead')}>
    <${Select} label=${t('dataset')} value=${dataset} onInput=${name => note(['anomalies'], { dataset: name })} options=${names.map(name => [name, name])} />
    <${List} list=${list} quiet caption=${t('page.anomalies')} columns=${columns} keyOf=${({ id }) => id}
      empty=${html`<${Empty} title=${t('anomalies.none')}>${t('anomalies.noneDo')}</${Empty}>`} />
  </${Page}>`
}
