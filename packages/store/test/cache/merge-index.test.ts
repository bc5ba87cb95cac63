import { readFile } from 'node:fs/promises'
import { type Descriptor, digestOf, type Platform } from '@crossdock/core'
import { OCI_MANIFEST } from '@crossdock/formats'
import { describe, expect, it } from 'vitest'
import { appendIndex, mergeIndex, withoutDangling } from '../../src/cache/merge-index.ts'

interface Row {
  readonly existing?: readonly string[] | string | null
  readonly write?: readonly string[]
  readonly primary?: readonly string[]
  readonly secondary?: readonly string[]
  readonly upstream?: readonly string[]
  readonly want?: readonly string[]
  readonly in?: readonly string[]
  readonly out?: number
}

const vectors = JSON.parse(
  await readFile(new URL('../fixtures/linuxkit/append-index.json', import.meta.url), 'utf8'),
) as Readonly<Record<'IndexWrite' | 'AppendIndex' | 'cleanDanglingReferences', readonly Row[]>>

/** `A(linux/amd64)`, or `sbom->A` for what is about A. */
function entry(text: string): Descriptor {
  const [, name = text, platform] = /^(\w+)\((.*)\)$/.exec(text) ?? []
  const about = /^sbom->(\w+)$/.exec(text)?.[1]
  return {
    mediaType: OCI_MANIFEST,
    digest: digestOf(Buffer.from(name)),
    size: 1,
    ...(platform !== undefined && { platform: platformOf(platform) }),
    ...(about !== undefined && {
      platform: { os: 'unknown', architecture: 'unknown' },
      annotations: {
        'vnd.docker.reference.type': 'attestation-manifest',
        'vnd.docker.reference.digest': digestOf(Buffer.from(about)),
      },
    }),
  }
}

function platformOf(text: string): Platform {
  const [os = '', architecture = '', variant] = text.split('/')
  return { os, architecture, ...(variant !== undefined && { variant }) }
}

function windows(name: string, version: string, features: readonly string[] = []): Descriptor {
  return {
    ...entry(name),
    platform: { os: 'windows', architecture: 'amd64', 'os.version': version, 'os.features': features },
  }
}

function digests(entries: readonly Descriptor[]): readonly string[] {
  return entries.map(({ digest }) => digest)
}

const names = (texts: readonly string[] = []): readonly string[] => texts.map((text) => digestOf(Buffer.from(text)))

describe('entries added to an index', () => {
  const rows = vectors.IndexWrite.filter(({ upstream }) => upstream !== undefined)
  it.each(rows)('$existing with $write', ({ existing, write = [], upstream, want }) => {
    const before = Array.isArray(existing) ? existing.map(entry) : []
    expect(digests(mergeIndex(before, write.map(entry)))).toEqual(names(want ?? upstream))
  })

  it('an index that has two for one platform has those that are added in the place of both', () => {
    const twin = { ...entry('T(linux/amd64)'), annotations: { 'io.github.containers.compression.zstd': 'true' } }
    const merged = mergeIndex([entry('A(linux/amd64)'), twin, entry('B(linux/arm64)')], [entry('N(linux/amd64)')])
    expect(digests(merged)).toEqual(names(['N', 'B']))
  })

  it('platforms are the same in whatever spelling', () => {
    const merged = mergeIndex([entry('A(linux/arm64)')], [entry('N(linux/arm64/v8)')])
    expect(digests(merged)).toEqual(names(['N']))
  })

  it('versions and features of an operating system are different platforms', () => {
    const before = [windows('A', '10.0.1'), windows('B', '10.0.2', ['x', 'y'])]
    const merged = mergeIndex(before, [windows('C', '10.0.2'), windows('D', '10.0.2', ['y', 'x'])])
    expect(digests(merged)).toEqual(names(['A', 'D', 'C']))
  })

  it('entries without a platform stay, and are there once', () => {
    const merged = mergeIndex([entry('X'), entry('A(linux/amd64)')], [entry('X'), entry('Y'), entry('Y')])
    expect(digests(merged)).toEqual(names(['X', 'A', 'Y']))
  })
})

describe('an index and what another one has besides', () => {
  it.each(vectors.AppendIndex)('$primary with $secondary', ({ primary = [], secondary = [], upstream }) => {
    const merged = appendIndex(primary.map(entry), secondary.map(entry))
    expect(digests(merged)).toEqual(names(upstream))
  })
})

describe('entries about others', () => {
  it.each(vectors.cleanDanglingReferences)('of $in $out stay', ({ in: entries = [], out }) => {
    expect(withoutDangling(entries.map(entry))).toHaveLength(out ?? 0)
  })
})
