// Forms: labelled fields, a choice of few, and a form that shows what was answered instead.

import { html } from 'htm/preact'
import { useId, useState } from 'preact/hooks'
import { Trouble } from './parts.js'
import { t } from './text.js'

function Labelled({ label, hint, required, children }) {
  const id = useId()
  return html`<div class="field">
    <label for=${id}>${label}${!required && required !== undefined && html` <span class="soft">(${t('form.optional')})</span>`}</label>
    ${children(id, hint ? `${id}-hint` : undefined)}
    ${hint && html`<p class="hint" id=${`${id}-hint`}>${hint}</p>`}
  </div>`
}

export function Field({ label, hint, value, onInput, required, long = false, ...rest }) {
  const take = event => onInput(event.currentTarget.value)
  const kind = long ? 'textarea' : 'input'
  return html`<${Labelled} label=${label} hint=${hint} required=${required}>
    ${(id, described) =>
      html`<${kind} id=${id} aria-describedby=${described} value=${value} onInput=${take} required=${required} autocomplete="off" spellcheck=${false} ...${rest} />`}
  </${Labelled}>`
}

/** @param {{ options: [value: string, text: string][] }} props */
export function Select({ label, hint, value, onInput, options, ...rest }) {
  return html`<${Labelled} label=${label} hint=${hint}>
    ${(id, described) =>
      html`<select id=${id} aria-describedby=${described} onChange=${event => onInput(event.currentTarget.value)} ...${rest}>
        ${options.map(([each, text]) => html`<option value=${each} selected=${each === value}>${text}</option>`)}
      </select>`}
  </${Labelled}>`
}

/** One of those known, or any text where none is. @param {{ known: string[] }} props */
export function OneOf({ known, value, ...rest }) {
  if (known.length === 0) return html`<${Field} value=${value} required=${true} maxlength="64" ...${rest} />`
  return html`<${Select} value=${value} options=${known.map(each => [each, each])} ...${rest} />`
}

/** One of few. @param {{ options: [value: string, text: string][] }} props */
export function Choice({ label, value, onInput, options }) {
  const name = useId()
  return html`<fieldset class="choice">
    <legend>${label}</legend>
    ${options.map(
      ([each, text]) => html`<label>
        <input type="radio" name=${name} value=${each} checked=${each === value} onChange=${() => onInput(each)} />
        <span>${text}</span>
      </label>`,
    )}
  </fieldset>`
}

export function Tick({ label, value, onInput, ...rest }) {
  return html`<label class="tick">
    <input type="checkbox" checked=${value} onChange=${event => onInput(event.currentTarget.checked)} ...${rest} />
    <span>${label}</span>
  </label>`
}

/** @param {{ submit: string, onSubmit: () => Promise<void>, children: any, grave?: boolean, inline?: boolean }} props */
export function Form({ submit, onSubmit, children, grave = false, inline = false }) {
  const [state, setState] = useState({ busy: false })
  const send = async event => {
    event.preventDefault()
    setState({ busy: true })
    try {
      await onSubmit()
      setState({ busy: false })
    } catch (problem) {
      setState({ busy: false, problem })
    }
  }
  return html`<form class=${inline ? 'inline' : undefined} onSubmit=${send}>
    ${children}
    <p class="submit"><button type="submit" class=${grave ? 'grave' : undefined} disabled=${state.busy}>${submit}</button></p>
    ${state.problem && html`<${Trouble} problem=${state.problem} />`}
  </form>`
}
