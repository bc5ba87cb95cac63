import { digestOf, type Digest } from '@crossdock/core'
import { describe, expect, it } from 'vitest'
import { labelReferences } from '../../src/collect/gc-labels.ts'
import vectors from '../fixtures/containerd/gc-vectors.json' with { type: 'json' }

const CONTENT_LABELS = /^content labels \{(.*)\}$/

/** `D1` and such stand for any digest. */
function digestNamed(text: string): Digest {
  return digestOf(new TextEncoder().encode(text))
}

const rows = vectors.refs.flatMap(({ from, to }) => {
  const labels = CONTENT_LABELS.exec(from)?.[1]
  return labels === undefined ? [] : [{ labels, to }]
})

describe('labels of content', () => {
  it('are among the recorded rows', () => {
    expect(rows.length).toBeGreaterThan(3)
  })

  it.each(rows)('$labels leads to $to', ({ labels, to }) => {
    const pairs = labels.split(', ').map((pair) => {
      const [key = '', value = ''] = pair.split(': ')
      return [key, digestNamed(value)]
    })
    expect(labelReferences(Object.fromEntries(pairs)).content).toEqual(to.map((name) => digestNamed(name)))
  })

  it('lead nowhere with a value that is no digest', () => {
    expect(labelReferences({ 'containerd.io/gc.ref.content': 'D1', 'containerd.io/gc.bref.content': '' })).toEqual({
      isRoot: false,
      content: [],
      images: [],
      keptByContent: [],
      keptByImages: [],
    })
  })

  it('make roots with anything behind the prefix', () => {
    expect(labelReferences({ 'containerd.io/gc.root': '' }).isRoot).toBe(true)
    expect(labelReferences({ 'containerd.io/gc.root.x': 'y' }).isRoot).toBe(true)
    expect(labelReferences({ 'containerd.io/gc.roo': 'y' }).isRoot).toBe(false)
  })
})
