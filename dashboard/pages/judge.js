// What somebody makes of an anomaly, or of several that are in the same state: each is told of one by one, so that it
// stands in the history of each.

import { html } from 'htm/preact'
import { useState } from 'preact/hooks'
import { call } from '../kit/call.js'
import { Choice, Field, Form } from '../kit/form.js'
import { say } from '../kit/parts.js'
import { number } from '../kit/show.js'
import { t, word } from '../kit/text.js'

/** Calls at once: as many as a browser opens to one gateway. */
const AT_ONCE = 6
/** What people may make of it next, the likeliest first. */
const next = {
  open: ['acknowledged', 'resolved', 'false-alarm'],
  acknowledged: ['resolved', 'false-alarm', 'open'],
  resolved: ['open', 'false-alarm'],
  'false-alarm': ['open'],
}

/** @param {{ anomalies: { id: string, state: string }[], onChange: () => void }} props */
export function Judge({ anomalies, onChange }) {
  const [{ state }] = anomalies
  const count = anomalies.length
  const [chosen, setChosen] = useState(next[state]?.[0])
  const [comment, setComment] = useState('')
  const send = async () => {
    const body = { state: chosen, ...(comment && { comment }) }
    const judged = count === 1 ? await judge(anomalies[0], body) : await judgeAll(anomalies, body)
    const now = word('state', chosen)
    say(
      count === 1 ? t('anomalies.said', { state: now }) : t('anomalies.saidOf', { count: number(judged), state: now }),
    )
    onChange()
  }
  if (!chosen) return null
  return html`<${Form} submit=${count === 1 ? t('anomalies.judgeDo') : t('anomalies.judgeAll', { count: number(count) })} onSubmit=${send}>
    <${Choice} label=${t(count === 1 ? 'anomalies.to' : 'anomalies.toAll')} value=${chosen} onInput=${setChosen} options=${next[state].map(each => [each, t(`judge.${each}`)])} />
    <${Field} label=${t('anomalies.comment')} hint=${t('anomalies.commentHint')} value=${comment} onInput=${setComment} required=${chosen === 'open' && state !== 'acknowledged'} maxlength="500" />
  </${Form}>`
}

async function judge({ id }, body) {
  await call(`/v1/anomalies/${encodeURIComponent(id)}/states`, { method: 'POST', body })
  return 1
}

/** How many it was said of. One that somebody else judged meanwhile, or that is not kept any more, is passed over. */
async function judgeAll(anomalies, body) {
  let judged = 0
  for (let i = 0; i < anomalies.length; i += AT_ONCE) {
    const said = anomalies.slice(i, i + AT_ONCE).map(each =>
      judge(each, body).catch(problem => {
        if (![404, 409].includes(problem.status)) throw problem
        return 0
      }),
    )
    for (const one of await Promise.all(said)) judged += one
  }
  return judged
}
