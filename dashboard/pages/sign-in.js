// Sign-in with an API key or a token, which goes to the gateway once and is kept nowhere here.

import { html } from 'htm/preact'
import { useEffect, useState } from 'preact/hooks'
import { sessionOver, signIn } from '../kit/call.js'
import { Field, Form } from '../kit/form.js'
import { t } from '../kit/text.js'

export function SignInPage() {
  const [credential, setCredential] = useState('')
  useEffect(() => {
    document.title = `${t('signIn')} · Écluse`
  })
  const send = async () => {
    try {
      await signIn(credential)
    } finally {
      setCredential('')
    }
  }
  return html`<article class="sign-in">
    <h1>${t('signIn')}</h1>
    <p class="lead">${sessionOver.value ? t('signIn.over') : t('signIn.lead')}</p>
    <${Form} submit=${t('signIn')} onSubmit=${send}>
      <${Field} label=${t('signIn.credential')} hint=${t('signIn.hint')} type="password" value=${credential} onInput=${setCredential} required=${true} />
    </${Form}>
  </article>`
}
