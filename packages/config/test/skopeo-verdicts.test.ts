import { readFileSync } from 'node:fs'
import { ImageError } from '@crossdock/core'
import { describe, expect, it, test } from 'vitest'
import { parseRegistriesConf } from '../src/registries-conf/parse.ts'
import { parseRegistriesD } from '../src/registries-d/parse.ts'

interface Row {
  readonly text?: string
  readonly base64?: string
  readonly verdict: 'accepted' | 'refused'
}

/** What is decided otherwise here, and why. */
const DEVIATIONS: Readonly<Record<string, string>> = {
  '[registries.search]\nregistries = ["a.com"]\n': 'version 1, which newer versions of the reference refuse, too',
  '[registries.search]\nregistries = []\n': 'the same',
  'a = { b = 1,\n c = 2 }\n': 'TOML 1.1',
  'a = "\\e"\n': 'TOML 1.1',
  'a = 1979-05-27T07:32\n': 'TOML 1.1',
  '[[registry]]\nprefix = "a"\nlocation = "b"\nBlocked = true\n': 'what blocks is not to be missed',
  'docker:\n  a.com:\n    lookaside: 1\n': 'a URL is text',
  'docker:\n  a.com:\n    lookaside: true\n': 'a URL is text',
  'docker: {}\n---\nzz: 1\n': 'what the second document says would be lost',
}

const rows = (name: string): readonly Row[] =>
  JSON.parse(readFileSync(new URL(`fixtures/skopeo/${name}`, import.meta.url), 'utf8')) as readonly Row[]

async function verdict(
  { text, base64 = '' }: Row,
  parse: (bytes: Uint8Array, file: string) => Promise<unknown>,
): Promise<string> {
  try {
    await parse(text === undefined ? Buffer.from(base64, 'base64') : new TextEncoder().encode(text), '/etc/file')
    return 'accepted'
  } catch (error) {
    // Every refusal says where.
    if (error instanceof ImageError && /^\/etc\/file:\d+/.test(error.message)) return 'refused'
    throw error
  }
}

describe.each([
  ['registries.conf', 'registries-conf.json', parseRegistriesConf],
  ['registries.d', 'registries-d.json', parseRegistriesD],
] as const)('%s', (_, name, parse) => {
  it.each(rows(name))('%j', async (row) => {
    const differs = row.text !== undefined && row.text in DEVIATIONS
    const other = row.verdict === 'accepted' ? 'refused' : 'accepted'
    expect(await verdict(row, parse)).toBe(differs ? other : row.verdict)
  })
})

test('every deviation is one', () => {
  const texts = [...rows('registries-conf.json'), ...rows('registries-d.json')].map(({ text }) => text)
  expect(Object.keys(DEVIATIONS).filter((text) => !texts.includes(text))).toEqual([])
})
