/**
 * What the pages of all runs have in common: the outcome at the top, sections below it, and a policy that forbids everything
 * but the page's own style. What hosts say is text, whatever it holds. Pure.
 */
import { createHash } from 'node:crypto'
import { span } from '../core/display.ts'
import type { Line, Tone } from '../engine/report.ts'
import { version } from '../version.ts'
import { keptCommand } from './kept-command.ts'
import { Markup, markup } from './markup.ts'
import type { State } from './outcome.ts'
import { style } from './page-style.ts'
import { type Ended, nextWord } from './run.ts'

/** A state as a word, a sign and a colour: never by colour alone. */
export const looks: Readonly<Record<State, readonly [sign: string, tone: Tone]>> = {
  kept: ['✓', 'good'],
  changed: ['●', 'good'],
  differs: ['~', 'change'],
  skipped: ['○', 'faint'],
  blocked: ['!', 'bad'],
  failed: ['✗', 'bad'],
  unreachable: ['?', 'bad'],
}

export interface Section {
  readonly id: string
  readonly title: string
  readonly body: Markup
}

/** The text of the file. `outcome` is its sentence; sections that are null are left out. */
export function frame(run: Ended, { text, tone }: Line, wanted: readonly (Section | null)[]): string {
  const sections = wanted.filter((one) => one !== null)
  const [sign] = looks[tone === 'bad' ? 'failed' : tone === 'change' ? 'differs' : 'kept']
  const policy = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'; base-uri 'none'; form-action 'none'`
  return markup`<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${new Markup(policy)}">
<meta name="viewport" content="width=device-width,initial-scale=1"><meta name="color-scheme" content="light dark"><meta name="referrer" content="no-referrer">
<title>${sign} ${run.playbook}${run.check ? ' --check' : ''}</title><style>${new Markup(style)}</style></head>
<body><header>
<h1 class="banner ${tone}">${sign} ${text}</h1>
<p class="soft">${run.playbook}${run.check ? ' --check' : ''} · began ${new Markup(`<time datetime="${run.started}">${run.started.replace('T', ' ').slice(0, 19)} UTC</time>`)} · took ${span(run.seconds, true)} · exit code ${run.code} · run ${run.id} · Plinth ${version}</p>
${run.code === 0 ? null : markup`<p>${nextWord(run.check, run.code, run.result.failures.length)}: <code>${keptCommand(run.next)}</code></p>`}
<nav aria-label="Sections">${sections.map(({ id, title }) => markup`<a href="#${id}">${title}</a> `)}</nav></header>
<main>${sections.map(({ body }) => body)}</main></body></html>
`.text
}

export const section = (id: string, title: string, body: Markup | null): Section | null =>
  body && {
    id,
    title,
    body: markup`<section id="${id}" aria-labelledby="${id}-title"><h2 id="${id}-title">${title}</h2>\n${body}</section>\n`,
  }

export const nonEmpty = (parts: readonly Markup[]): Markup | null => (parts.length === 0 ? null : markup`${parts}`)

export const stateText = (state: State): Markup => {
  const [sign, tone] = looks[state]
  return markup`<span class="state ${tone}">${sign} ${state}</span>`
}
