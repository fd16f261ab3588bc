// One cause of rejections: since when, what to mend, a replay once it is mended, or the end of its entries.

import { html } from 'htm/preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { call, mayOn } from '../kit/call.js'
import { Field, Form, Select, Tick } from '../kit/form.js'
import { useLoad } from '../kit/load.js'
import { Facts } from '../kit/parts.js'
import { link } from '../kit/route.js'
import { number, Time } from '../kit/show.js'
import { t } from '../kit/text.js'
import { leaving, Work } from './quarantine-work.js'

/** @param {{ found?: object }} props the cause as the gateway lists it; none once its last entry left */
export function Cause({ dataset, cause, found, onChange }) {
  const heading = useRef(null)
  useEffect(() => heading.current.focus(), [])
  const { data: contract } = useLoad(`/v1/datasets/${encodeURIComponent(dataset)}`)
  const versions = contract?.versions.map(({ version }) => version) ?? []
  return html`<section class="card" aria-labelledby="cause">
    <h2 id="cause" tabindex="-1" ref=${heading}><span class="mono">${cause}</span></h2>
    ${
      found
        ? html`<${Facts} facts=${[
            [t('quarantine.count'), number(found.count)],
            [t('quarantine.firstSeen'), html`<${Time} at=${found.firstSeen} />`],
            [t('quarantine.lastSeen'), html`<${Time} at=${found.lastSeen} />`],
            [t('quarantine.checkedBy'), html`<span class="mono">${found.schemas.join(', ')}</span>`],
            [t('quarantine.told'), html`<span lang="en">${found.fix}</span>`],
          ]} />
          <${Mend} dataset=${dataset} newest=${contract?.newest} mayPassNow=${found.mayPassNow} />`
        : html`<p class="note">${t('quarantine.allLeft')}</p>`
    }
    ${mayOn(dataset, 'replay') && html`<${Replay} dataset=${dataset} cause=${cause} isThere=${Boolean(found)} versions=${versions} onChange=${onChange} />`}
    ${mayOn(dataset, 'discard') && html`<${Discard} dataset=${dataset} cause=${cause} found=${found} onChange=${onChange} />`}
  </section>`
}

/** Both live in files that the gateway watches: nothing is edited here. */
function Mend({ dataset, newest, mayPassNow }) {
  const next = newest?.replace(/\d+$/, addition => Number(addition) + 1)
  return html`<h3>${t('quarantine.mend')}</h3>
    ${mayPassNow && html`<p><span class="state long good">${t('quarantine.mayPassLong')}</span></p>`}
    <ul class="plain">
      <li>${t('quarantine.mendSchema')} <a href=${link(['datasets', dataset], { at: 'versions' })} class="mono">schemas/${dataset}/${next}.json</a></li>
      <li>${t('quarantine.mendPolicy')} <a href=${link(['datasets', dataset], { at: 'policy' })} class="mono">policies/${dataset}.yaml</a></li>
    </ul>
    <p class="note">${t('quarantine.mendNote')} <span class="mono">ecluse plan ${dataset}</span></p>`
}

function Replay({ dataset, cause, isThere, versions, onChange }) {
  const [schema, setSchema] = useState('')
  const [tried, setTried] = useState(null)
  const [replayed, setReplayed] = useState(null)
  const ask = dryRun =>
    call(`/v1/quarantine/replays?${new URLSearchParams({ dataset })}`, {
      method: 'POST',
      body: { cause, ...(dryRun && { dryRun }), ...(schema && { schema }) },
    })
  const attempt = async () => {
    setReplayed(null)
    setTried(await ask(true))
  }
  const choose = version => {
    setSchema(version)
    setTried(null)
  }
  const replay = async () => {
    const filed = await ask(false)
    setTried(null)
    setReplayed(filed)
  }
  const count = tried?.counts ? leaving(tried.counts) : 0
  return html`<h3>${t('quarantine.replay')}</h3>
    <p class="note">${t('quarantine.replayNote')}</p>
    ${
      isThere &&
      html`<${Form} submit=${t('quarantine.dryRun')} onSubmit=${attempt}>
        ${versions.length > 1 && html`<${Select} label=${t('quarantine.against')} value=${schema} onInput=${choose} options=${[['', t('quarantine.asNamed')], ...versions.map(each => [each, each])]} />`}
      </${Form}>`
    }
    ${tried && html`<${Work} key=${tried.id} kind="replay" request=${tried} onChange=${setTried} />`}
    ${tried?.counts && count === 0 && html`<p class="note">${t('quarantine.noneWould')}</p>`}
    ${count > 0 && html`<${Form} submit=${t('quarantine.replayDo', { count: number(count) })} onSubmit=${replay} />`}
    ${replayed && html`<${Work} key=${replayed.id} kind="replay" request=${replayed} onChange=${setReplayed} onDone=${onChange} />`}`
}

function Discard({ dataset, cause, found, onChange }) {
  const [reason, setReason] = useState('')
  const [isSure, setSure] = useState(false)
  const [discarded, setDiscarded] = useState(null)
  const send = async () => {
    const path = `/v1/quarantine/discards?${new URLSearchParams({ dataset })}`
    setDiscarded(await call(path, { method: 'POST', body: { cause, reason } }))
    setReason('')
    setSure(false)
  }
  return html`
    ${
      found &&
      html`<details>
        <summary>${t('quarantine.discard')}</summary>
        <p class="note">${t('quarantine.discardNote')}</p>
        <${Form} submit=${t('quarantine.discardDo', { count: number(found.count) })} onSubmit=${send} grave=${true}>
          <${Field} label=${t('quarantine.reason')} hint=${t('quarantine.reasonHint')} value=${reason} onInput=${setReason} required=${true} minlength="3" maxlength="200" />
          <${Tick} label=${t('quarantine.sure')} value=${isSure} onInput=${setSure} required=${true} />
        </${Form}>
      </details>`
    }
    ${discarded && html`<${Work} key=${discarded.id} kind="discard" request=${discarded} onChange=${setDiscarded} onDone=${onChange} />`}`
}
