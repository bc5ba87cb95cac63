import { existsSync } from 'node:fs'
import { rename, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type RegistryServer, startRegistry } from '@crossdock/registry-server'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CHANGED, type Damage, PLANTED } from '../src/damage.ts'
import {
  blobFile,
  type Content,
  digestOf,
  draftImage,
  encode,
  entryOf,
  MANIFEST,
  NAME,
  writeDraft,
  written,
} from '../src/draft-image.ts'
import { createInProcess, type RunCommand } from '../src/in-process.ts'
import { hasControls, problemsOf } from '../src/refusal.ts'
import { readManifest } from '../src/registry-content.ts'
import { temporaryFolder } from '../src/temporary-folder.ts'

const OUTSIDE = 'what others may not read'

function index(changes: object): object {
  return { schemaVersion: 2, manifests: [entryOf({ image: draftImage() })], ...changes }
}

function json(): string {
  return JSON.stringify(index({}))
}

describe('a layout is refused', () => {
  const stack = new AsyncDisposableStack()
  let fresh: (name: string) => string
  let run: RunCommand
  let server: RegistryServer
  let outside: string

  beforeAll(async () => {
    ;({ fresh } = stack.use(await temporaryFolder()))
    run = await createInProcess(fresh('home'))
    server = stack.use(await startRegistry())
    outside = fresh('outside')
    await writeFile(outside, OUTSIDE)
  })
  afterAll(() => stack.disposeAsync())

  /** What is not right about how copying to both kinds of place fails; nothing may be under the name afterwards. */
  async function problemsOfCopying(
    from: string,
    expected: { readonly exitCode: number; readonly says: string | RegExp },
  ): Promise<readonly string[]> {
    const to = fresh('to')
    const repository = `to/${to.split('/').at(-1)}`
    const problems: string[] = []
    for (const argv of [
      ['copy', '-q', from, `oci:${to}:x`],
      ['copy', '-q', '--dest-tls-verify=false', from, `docker://${server.host}/${repository}:x`],
    ]) {
      problems.push(...problemsOf(await run(argv), { ...expected, hides: OUTSIDE }))
    }
    if (existsSync(join(to, 'index.json'))) problems.push('the folder has an index.json')
    const pushed = await readManifest(server.host, { repository, reference: 'x' })
    return pushed === undefined ? problems : [...problems, 'the registry has the image']
  }

  const INDEXES: readonly {
    readonly what: string
    readonly content: Content
    readonly says: string | RegExp
    readonly exitCode?: number
  }[] = [
    { what: 'empty', content: '', says: 'is not one JSON document' },
    { what: 'null', content: 'null', says: 'must hold a JSON object' },
    { what: 'a list', content: '[]', says: 'must hold a JSON object' },
    { what: 'a number', content: '42', says: 'must hold a JSON object' },
    { what: 'cut', content: json().slice(0, -20), says: 'is not one JSON document' },
    { what: 'without manifests', content: index({ manifests: undefined }), says: 'must have an array "manifests"' },
    {
      what: 'with Manifests',
      content: index({ manifests: undefined, Manifests: [] }),
      says: '"Manifests" is "manifests" to programs',
    },
    {
      what: 'with manifests and Manifests',
      content: index({ Manifests: [] }),
      says: '"Manifests" is "manifests" to programs',
    },
    {
      what: 'with manifests that are an object',
      content: index({ manifests: { 0: {} } }),
      says: 'must have an array "manifests"',
    },
    {
      what: 'with an entry that is null',
      content: index({ manifests: [null] }),
      says: 'manifests[0] that is not an object',
    },
    {
      what: 'with an entry that is a number',
      content: index({ manifests: [written('2.0')] }),
      says: 'manifests[0] that is not an object',
    },
    { what: 'without a schemaVersion', content: index({ schemaVersion: undefined }), says: '"schemaVersion" 2' },
    { what: 'with a schemaVersion in quotes', content: index({ schemaVersion: '2' }), says: '"schemaVersion" 2' },
    { what: 'with schemaVersion 2.0', content: index({ schemaVersion: written('2.0') }), says: '"schemaVersion" 2' },
    { what: 'of another type', content: index({ mediaType: MANIFEST }), says: 'has a "mediaType"' },
    { what: 'followed by a second document', content: `${json()}${json()}`, says: 'is not one JSON document' },
    { what: 'followed by garbage', content: `${json()}garbage`, says: 'is not one JSON document' },
    { what: 'behind a byte order mark', content: `\uFEFF${json()}`, says: 'begins with a byte order mark' },
    { what: 'not in UTF-8', content: Buffer.from(json().replace(NAME, '\xFF'), 'latin1'), says: 'is not valid UTF-8' },
    {
      what: '300,000 lists in lists',
      content: '['.repeat(300_000) + ']'.repeat(300_000),
      says: 'is nested more than 128',
      exitCode: 1,
    },
    {
      what: '100,000 objects in objects',
      content: `{"schemaVersion":2,"x":${'{"a":'.repeat(100_000)}1${'}'.repeat(100_001)}`,
      says: 'is nested more than 128',
      exitCode: 1,
    },
    {
      what: '40 MB',
      content: index({ annotations: { a: 'x'.repeat(40_000_000) } }),
      says: 'is larger than 16777216 bytes',
      exitCode: 1,
    },
    {
      what: 'a list of 100,001',
      content: index({ manifests: Array.from({ length: 100_001 }, () => ({})) }),
      says: 'lists 100001 images; at most 100000 are read',
      exitCode: 1,
    },
  ]

  it.each(INDEXES)('whose index.json is $what', async ({ content, says, exitCode = 5 }) => {
    const folder = fresh('from')
    const from = await writeDraft(folder, { image: draftImage(), index: content })
    const started = performance.now()
    expect(await problemsOfCopying(from, { exitCode, says })).toStrictEqual([])
    for (const argv of [
      ['inspect', from],
      ['inspect', '--raw', from],
      ['list-tags', `oci:${folder}`],
      ['delete', from],
    ]) {
      const finished = await run(argv)
      expect(problemsOf(finished, { exitCode, says })).toStrictEqual([])
      expect(finished.stderr).toContain(join(folder, 'index.json'))
    }
    expect(performance.now() - started).toBeLessThan(20_000)
  })

  it.each([
    { what: 'is missing', marker: null, exitCode: 5, says: 'has no "oci-layout" file' },
    {
      what: 'says version 9.9.9',
      marker: { imageLayoutVersion: '9.9.9' },
      exitCode: 1,
      says: 'layout version "9.9.9"; version 1.0 is',
    },
    {
      what: 'says its version as a number',
      marker: { imageLayoutVersion: written('1.0') },
      exitCode: 5,
      says: 'must have a text "imageLayoutVersion"',
    },
    { what: 'is null', marker: 'null', exitCode: 5, says: 'must have a text' },
    { what: 'is empty', marker: '', exitCode: 5, says: 'is not one JSON document' },
  ])('whose oci-layout $what', async ({ marker, exitCode, says }) => {
    const from = await writeDraft(fresh('from'), { image: draftImage(), marker })
    expect(await problemsOfCopying(from, { exitCode, says })).toStrictEqual([])
    expect(problemsOf(await run(['list-tags', from]), { exitCode, says })).toStrictEqual([])
  })

  it.each([
    {
      what: "of a size that is not the file's",
      change: (size: number) => ({ size: size + 1 }),
      exitCode: 5,
      says: /has \d+ bytes, but sha256:\S+ should have/,
    },
    { what: 'of no bytes', change: () => ({ size: 0 }), exitCode: 5, says: 'should have 0' },
    {
      what: 'of 2^62 bytes',
      change: () => ({ size: written('4611686018427387904') }),
      exitCode: 5,
      says: 'but is 4611686018427387904',
    },
    { what: 'of 1 TiB', change: () => ({ size: 2 ** 40 }), exitCode: 1, says: 'the manifest has 1099511627776 bytes' },
    {
      what: 'with a path as digest',
      change: () => ({ digest: 'sha256:../../../etc/passwd' }),
      exitCode: 5,
      says: 'manifests[0].digest: invalid digest',
    },
    {
      what: 'with a digest of nothing',
      change: () => ({ digest: null }),
      exitCode: 5,
      says: 'manifests[0].digest: a digest must be a string',
    },
    {
      what: 'with Digest besides digest',
      change: () => ({ Digest: 'x' }),
      exitCode: 5,
      says: 'manifests[0]: ambiguous',
    },
    {
      what: 'with control characters as type',
      change: () => ({ mediaType: 'a/b\r\n\u001B[31m' }),
      exitCode: 5,
      says: String.raw`"a/b\u{d}\u{a}\u{1b}[31m" is not a media type`,
    },
    {
      what: 'of a type that is no image',
      change: () => ({ mediaType: 'text/plain' }),
      exitCode: 1,
      says: 'is a "text/plain"; images are',
    },
  ])('whose entry is $what', async ({ change, exitCode, says }) => {
    const image = draftImage()
    const { size } = image.keep(image.manifest(), MANIFEST)
    const from = await writeDraft(fresh('from'), { image, entry: change(size) })
    expect(await problemsOfCopying(from, { exitCode, says })).toStrictEqual([])
    expect(problemsOf(await run(['inspect', from]), { exitCode, says })).toStrictEqual([])
  })

  it('that gives one name to two images, whichever comes first, and says where they are', async () => {
    for (const order of [1, -1]) {
      const image = draftImage()
      const other = { ...entryOf({ image }), digest: digestOf(encode('another')) }
      const manifests = [entryOf({ image }), other].toSorted(() => order)
      const from = await writeDraft(fresh('from'), { image, index: index({ manifests }) })
      expect(
        await problemsOfCopying(from, {
          exitCode: 1,
          says: new RegExp(`gives the name "${NAME}" to 2 different images; choose by place: @0 \\(sha256:\\w+\\), @1`),
        }),
      ).toStrictEqual([])
    }
  })

  it('that names an image with control characters, which are shown escaped', async () => {
    const name = '\u001B[31mred\u0007\r\nfake\u009B31m\u202E'
    const image = draftImage()
    const entry = { annotations: { 'org.opencontainers.image.ref.name': name } }
    const folder = fresh('from')
    const from = await writeDraft(folder, { image, entry })
    expect(
      await problemsOfCopying(from, {
        exitCode: 2,
        says: String.raw`it lists: "\u{1b}[31mred\u{7}\u{d}\u{a}fake\u{9b}31m\u{202e}"`,
      }),
    ).toStrictEqual([])
    for (const format of ['lines', 'json']) {
      const { stdout } = await run(['list-tags', '--format', format, `oci:${folder}`])
      expect(hasControls(stdout.toString())).toBe(false)
      expect(stdout.toString()).toContain('fake')
    }
  })

  const PARTS = ['layer', 'config', 'manifest'] as const
  const broken = async (part: (typeof PARTS)[number], damage: Damage['damage']) => {
    const image = draftImage()
    const folder = fresh('from')
    const from = await writeDraft(folder, { image })
    const { digest } = {
      layer: image.layers[1],
      config: image.config,
      manifest: image.keep(image.manifest(), MANIFEST),
    }[part]
    const path = blobFile(folder, digest)
    await damage(path, outside)
    return { from, path, digest, inspectFails: part !== 'layer' }
  }

  describe.each(PARTS)('whose %s', (part) => {
    it.each(CHANGED)('$what', async ({ damage }) => {
      const { from, digest, inspectFails } = await broken(part, damage)
      const expected = { exitCode: 5, says: digest }
      expect(await problemsOfCopying(from, expected)).toStrictEqual([])
      const inspected = await run(['inspect', from])
      expect(inspectFails ? problemsOf(inspected, expected) : []).toStrictEqual([])
    })

    it('is missing', async () => {
      const { from, path } = await broken(part, (file) => rm(file))
      expect(await problemsOfCopying(from, { exitCode: 2, says: path })).toStrictEqual([])
    })

    it.each(PLANTED)('$what', async ({ damage }) => {
      const { from, path, inspectFails } = await broken(part, damage)
      const expected = { exitCode: 5, says: `"${path}" should be blob` }
      const started = performance.now()
      expect(await problemsOfCopying(from, expected)).toStrictEqual([])
      const inspected = await run(['inspect', from])
      expect(inspectFails ? problemsOf(inspected, { ...expected, hides: OUTSIDE }) : []).toStrictEqual([])
      expect(performance.now() - started).toBeLessThan(20_000)
    })
  })

  describe.each(['index.json', 'oci-layout'])('whose %s', (name) => {
    it.each(PLANTED)('$what', async ({ damage }) => {
      const folder = fresh('from')
      const from = await writeDraft(folder, { image: draftImage() })
      const path = join(folder, name)
      await damage(path, outside)
      const expected = { exitCode: 5, says: `"${path}" should be`, hides: OUTSIDE }
      expect(await problemsOfCopying(from, expected)).toStrictEqual([])
      for (const argv of [
        ['inspect', '--raw', from],
        ['list-tags', from],
      ]) {
        expect(problemsOf(await run(argv), expected)).toStrictEqual([])
      }
    })
  })

  it('without an index.json, as one that holds nothing yet', async () => {
    const folder = fresh('from')
    const from = await writeDraft(folder, { image: draftImage() })
    await rm(join(folder, 'index.json'))
    expect(await problemsOfCopying(from, { exitCode: 2, says: 'holds no image yet' })).toStrictEqual([])
  })

  it('not for a blobs folder that is elsewhere, behind a link: what is read is verified', async () => {
    const folder = fresh('from')
    const from = await writeDraft(folder, { image: draftImage() })
    const elsewhere = fresh('blobs')
    await rename(join(folder, 'blobs'), elsewhere)
    await symlink(elsewhere, join(folder, 'blobs'))
    expect((await run(['copy', '-q', from, `oci:${fresh('to')}:x`])).exitCode).toBe(0)
  })
})
