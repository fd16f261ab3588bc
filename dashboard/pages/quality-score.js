// The head of a quality report: the score and how it is reckoned, each dimension against what the policy promises, the
// promises that were missed, and how many events all of it is about.

import { html } from 'htm/preact'
import { Facts, Section, Table } from '../kit/parts.js'
import { number, percent } from '../kit/show.js'
import { t } from '../kit/text.js'

/** A pointer as a name: the whole event has none, and what nobody declared shares one. */
export function fieldName(pointer) {
  if (pointer === '') return t('quality.wholeEvent')
  return pointer === '*' ? t('quality.undeclared') : pointer
}

export function Score({ summary: { score, dimensions, missed, events }, promises }) {
  return html`<${Section} id="score" title=${t('quality.score')}>
    <p class="score"><strong>${score === null ? '–' : number(score)}</strong> <span class="soft">${t('quality.outOf')}</span></p>
    <p class="formula">${t('quality.formula')}</p>
    <ul class="dimensions">
      ${Object.entries(dimensions).map(([name, share]) => html`<${Dimension} key=${name} name=${name} share=${share} target=${promises?.[name]} missed=${missed.filter(each => each.dimension === name)} />`)}
    </ul>
    <p class="note">${t('quality.lookedAt', { count: number(events) })}</p>
    <${Missed} missed=${missed} />
  </${Section}>`
}

function Dimension({ name, share, target, missed }) {
  const tone = missed.length > 0 ? 'bad' : share === null ? '' : 'good'
  const targets = Array.isArray(target) ? target.length : target === undefined ? 0 : 1
  const told = () => {
    if (share === null) return t('quality.tellsNothing')
    if (missed.length > 0) return t('quality.missedCount', { count: missed.length })
    return targets > 0 ? t('quality.kept') : t('quality.noTarget')
  }
  return html`<li class=${`dimension ${tone}`}>
    <p><strong>${t(`dimension.${name}`)}</strong></p>
    <p class="share">${percent(share)}</p>
    ${typeof shareOf(target) === 'number' && html`<p>${t('quality.target', { share: percent(shareOf(target)) })}</p>`}
    <p class=${missed.length > 0 ? 'state bad long' : 'soft'}>${told()}</p>
    <p class="hint">${t(`dimensionNote.${name}`)}</p>
  </li>`
}

const shareOf = target => (typeof target === 'number' ? target : target?.share)

function Missed({ missed }) {
  if (missed.length === 0) return null
  const columns = [
    { label: t('quality.dimension'), head: true, show: ({ dimension }) => t(`dimension.${dimension}`) },
    {
      label: t('quality.about'),
      show: ({ pointer, rule }) =>
        pointer === undefined && rule === undefined
          ? t('quality.allOfIt')
          : html`<span class="mono">${rule ?? fieldName(pointer)}</span>`,
    },
    { label: t('quality.promised'), numeric: true, show: ({ promised }) => percent(promised) },
    { label: t('quality.share'), numeric: true, show: ({ share }) => percent(share) },
  ]
  return html`<h3 class="inner">${t('quality.missed')}</h3>
    <${Table} quiet caption=${t('quality.missed')} rows=${missed} columns=${columns} />`
}

const volumes = [
  'received',
  'accepted',
  'rejected',
  'suppressed',
  'unanswered',
  'effective',
  'duplicates',
  'conflicts',
  'held',
]

/** Who may not read the ledger is told fewer counts. */
export function Volume({ volume }) {
  const told = volumes.filter(name => volume[name] !== undefined)
  return html`<${Section} id="volume" title=${t('quality.volume')} note=${t('quality.volumeNote')}>
    <${Facts} facts=${told.map(name => [t(`volume.${name}`), number(volume[name])])} />
  </${Section}>`
}
