import { createHash } from 'node:crypto'
import { chmod, lstat, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { formatOwner, thisProcess } from '@crossdock/blob-files'
import type { Descriptor } from '@crossdock/core'
import { attachmentTag } from '@crossdock/formats'
import { testImage, type TestImage } from '@crossdock/transport-testkit'
import { describe, expect, it } from 'vitest'
import { contextOf } from '../../src/context-of.ts'
import { openStore } from '../../src/open-store.ts'
import type { Finding, Store } from '../../src/store.ts'
import { verifyStore } from '../../src/verify/verify-store.ts'
import { temporaryFolder } from '../temporary-folder.ts'
import { createDiskModel, type Loss, type SavedDisk, type SavedFile } from './disk-model.ts'
import { isDatabase, recordCalls, type RecordedCall, type Recorder } from './recorder.ts'

const LOSSES: readonly Loss[] = [
  { names: 'kept', bytes: 'kept' },
  { names: 'kept', bytes: 'lost' },
  { names: 'kept', bytes: 'half' },
  { names: 'lost', bytes: 'kept' },
  { names: 'lost', bytes: 'lost' },
]

const OLD = 'registry.test/old:1'
const NEW = 'registry.test/new:1'

/** Giving a name takes more file calls, and bringing in an image many more. */
const FEWEST_CALLS = 8

describe('a power cut at any file call of a commit', () => {
  it('leaves the old image and the new one whole, or no new one', async () => {
    const recording = await recorded(async (store, recorder) => {
      await bringIn(store, NEW_IMAGE, recorder)
      await store.images.put({ name: NEW, target: targetOf(NEW_IMAGE) })
      recorder.mark('named')
    })
    await everyCut(recording, async (store, done) => {
      expect(await digestNamed(store, OLD)).toBe(targetOf(OLD_IMAGE).digest)
      await expectWhole(store, OLD_IMAGE)
      const named = await digestNamed(store, NEW)
      expect([...(done.has('named') ? [] : [undefined]), targetOf(NEW_IMAGE).digest]).toContain(named)
      if (named !== undefined) await expectWhole(store, NEW_IMAGE)
      for (const { digest } of contentsOf(NEW_IMAGE).filter((content) => done.has(content.digest)))
        expect(await store.content.info(digest)).toMatchObject({ labels: { of: 'new' } })
      await bringIn(store, NEW_IMAGE)
      await store.images.put({ name: NEW, target: targetOf(NEW_IMAGE) })
      await expectWhole(store, NEW_IMAGE)
    })
  }, 120_000)

  it('leaves names that come back from index.json, should the database be lost as well', async () => {
    const { calls, ...recording } = await recorded(
      (store) => store.images.put({ name: NEW, target: targetOf(NEW_IMAGE) }),
      { brought: NEW_IMAGE },
    )
    const without = calls.map(({ call }) => ({ call, database: new Map<string, Buffer>() }))
    await everyCut({ ...recording, calls: without }, async (store) => {
      expect(await digestNamed(store, OLD)).toBe(targetOf(OLD_IMAGE).digest)
      await expectWhole(store, OLD_IMAGE)
      const named = await digestNamed(store, NEW)
      expect([undefined, targetOf(NEW_IMAGE).digest]).toContain(named)
      if (named !== undefined) await expectWhole(store, NEW_IMAGE)
    })
  }, 120_000)

  it('leaves the name with the image that it had, or with the one that it was given', async () => {
    const replace = async (store: Store, recorder: Recorder): Promise<void> => {
      await store.images.put({ name: OLD, target: targetOf(NEW_IMAGE) })
      recorder.mark('named')
    }
    const recording = await recorded(replace, { brought: NEW_IMAGE })
    await everyCut(recording, async (store, done) => {
      const named = await digestNamed(store, OLD)
      const old = done.has('named') ? [] : [targetOf(OLD_IMAGE).digest]
      expect([...old, targetOf(NEW_IMAGE).digest]).toContain(named)
      await expectWhole(store, named === targetOf(NEW_IMAGE).digest ? NEW_IMAGE : OLD_IMAGE)
    })
  }, 120_000)
})

describe('a power cut at any file call of a collection', () => {
  it('leaves what is attached to an image whole, or without a name', async () => {
    const signature = attachmentTag(targetOf(OLD_IMAGE).digest, 'sig')
    const collect = async (store: Store, recorder: Recorder): Promise<void> => {
      await store.images.put({ name: signature, target: targetOf(NEW_IMAGE) })
      await store.images.delete(OLD)
      expect((await store.collect({ minAgeMs: 0 })).images).toHaveLength(1)
      recorder.mark('collected')
    }
    const recording = await recorded(collect, { brought: NEW_IMAGE })
    await everyCut(recording, async (store, done) => {
      const named = await digestNamed(store, signature)
      expect([...(done.has('collected') ? [] : [targetOf(NEW_IMAGE).digest]), undefined]).toContain(named)
      if (named !== undefined) await expectWhole(store, NEW_IMAGE)
      const isNeeded = (await digestNamed(store, OLD)) !== undefined
      await store.collect({ minAgeMs: 0 })
      expect(await digestNamed(store, signature)).toBe(isNeeded ? named : undefined)
    })
  }, 120_000)
})

const OLD_IMAGE = testImage({ seed: 'old', layers: 1 })
const NEW_IMAGE = testImage({ seed: 'new', layers: 1, layerBytes: 20_000 })

function contentsOf({ manifests, blobs }: TestImage): readonly (Pick<Descriptor, 'digest'> & { bytes: Uint8Array })[] {
  return [...blobs.map(({ descriptor, bytes }) => ({ digest: descriptor.digest, bytes })), ...manifests]
}

function targetOf({ root }: TestImage): Descriptor {
  return { mediaType: root.mediaType, digest: root.digest, size: root.bytes.byteLength }
}

async function bringIn(store: Store, image: TestImage, recorder?: Recorder): Promise<void> {
  for (const { digest, bytes } of contentsOf(image)) {
    await using ingest = await store.content.ingest({ ref: `of-${digest}` })
    const { offset } = ingest.status()
    for (const part of [bytes.subarray(offset, offset + 1000), bytes.subarray(offset + 1000)]) await ingest.write(part)
    await ingest.commit({ digest, size: bytes.byteLength, labels: { of: 'new' } })
    recorder?.mark(digest)
  }
}

async function digestNamed(store: Store, name: string): Promise<string | undefined> {
  return (await store.images.list([`name==${JSON.stringify(name)}`]))[0]?.target.digest
}

async function expectWhole(store: Store, image: TestImage): Promise<void> {
  for (const { digest, bytes } of contentsOf(image)) {
    const chunks: Uint8Array[] = []
    const blob = { mediaType: 'application/octet-stream', digest, size: bytes.byteLength }
    for await (const chunk of await store.content.read(blob)) chunks.push(chunk)
    expect(Buffer.concat(chunks).equals(bytes)).toBe(true)
  }
}

interface Recording {
  readonly before: ReadonlyMap<string, SavedFile | undefined>
  readonly calls: readonly RecordedCall[]
  readonly folder: string
}

/** What work does to the files of a store with one image, and with the content of another. */
async function recorded(
  work: (store: Store, recorder: Recorder) => Promise<unknown>,
  { brought }: { readonly brought?: TestImage } = {},
): Promise<Recording> {
  const folder = await temporaryFolder()
  await using store = await openStore({ folder })
  await bringIn(store, OLD_IMAGE)
  await store.images.put({ name: OLD, target: targetOf(OLD_IMAGE) })
  if (brought !== undefined) await bringIn(store, brought)
  const before = await readDisk(folder)
  using recorder = await recordCalls(folder)
  await work(store, recorder)
  expect(recorder.calls.length).toBeGreaterThan(FEWEST_CALLS)
  return { before, calls: recorder.calls, folder }
}

interface Cut {
  readonly saved: SavedDisk
  readonly database: ReadonlyMap<string, Buffer>
  /** What was reported as done before. */
  readonly done: ReadonlySet<string>
}

type Look = (store: Store, done: ReadonlySet<string>) => Promise<void>

/** Rebuilds what each cut may leave, opens it, verifies it, and looks. Cuts that leave the same are looked at once. */
async function everyCut(recording: Recording, look: Look): Promise<void> {
  const seen = new Set<string>()
  for (const loss of LOSSES) {
    for (const { cut, where } of cutsOf(recording, loss)) {
      const fingerprint = fingerprintOf(cut, recording.folder)
      if (seen.has(fingerprint)) continue
      seen.add(fingerprint)
      const rebuilt = await rebuild(cut, recording.folder)
      try {
        await using store = await openStore({ folder: rebuilt, durability: 'fast' })
        expect(await problemsOf(store)).toStrictEqual([])
        await look(store, cut.done)
      } catch (reason) {
        throw new Error(`a power cut after ${where}, names ${loss.names}, bytes ${loss.bytes}`, { cause: reason })
      } finally {
        await rm(rebuilt, { recursive: true })
      }
    }
  }
  expect(seen.size).toBeGreaterThan(FEWEST_CALLS)
}

/** After each call, and after what the database did before the next. */
function* cutsOf({ before, calls, folder }: Recording, loss: Loss): Generator<{ cut: Cut; where: string }> {
  const model = createDiskModel(folder, before, isDatabase)
  const done = new Set<string>()
  for (const [at, { call, database }] of calls.entries()) {
    const undone = { saved: model.after(loss), database, done: new Set(done) }
    yield { cut: undone, where: `all before call ${at} (${call.kind})` }
    model.apply(call)
    if (call.kind === 'mark') done.add(call.name)
    yield { cut: { saved: model.after(loss), database, done: new Set(done) }, where: `call ${at} (${call.kind})` }
  }
}

function fingerprintOf({ saved, database, done }: Cut, folder: string): string {
  const hash = createHash('sha256')
  for (const [path, file] of [...saved].toSorted(([one], [other]) => (one < other ? -1 : 1))) {
    hash.update(`${path.slice(folder.length)} ${file?.mode ?? 'folder'} ${file?.bytes.byteLength ?? 0}\n`)
    if (file !== undefined) hash.update(file.bytes)
  }
  for (const [name, bytes] of database) hash.update(`${name} ${bytes.byteLength}\n`).update(bytes)
  return hash.update([...done].join()).digest('hex')
}

async function rebuild({ saved, database }: Cut, folder: string): Promise<string> {
  const rebuilt = await mkdtemp(join(tmpdir(), 'crossdock-power-cut-'))
  for (const [path, file] of saved) {
    const target = join(rebuilt, asAfterRestart(path.slice(folder.length)))
    if (file === undefined) await mkdir(target, { recursive: true })
    else await writeFile(target, restarted(target, file.bytes)).then(() => chmod(target, file.mode))
  }
  for (const [name, bytes] of database) await writeFile(join(rebuilt, name), bytes)
  return rebuilt
}

/** No process has this number. */
const DEAD = { ...thisProcess(), pid: 999_999_999 }
const LARGEST_NOTE_BYTES = 1000

/** The process that wrote it is no more, and the machine was started again. */
function asAfterRestart(text: string): string {
  return text
    .replaceAll(formatOwner(thisProcess()), formatOwner(DEAD))
    .replace(/"place":"[0-9a-f]{8}"/, '"place":"00000000"')
}

function restarted(path: string, bytes: Buffer): Buffer {
  // Of a lock without an owner it takes ten seconds to see that it is nobody's.
  if (/[/\\]lock\.\d+$/.test(path) && !bytes.includes('\n')) return Buffer.from(`held\n${formatOwner(DEAD)}\n`)
  return bytes.byteLength > LARGEST_NOTE_BYTES ? bytes : Buffer.from(asAfterRestart(bytes.toString('latin1')), 'latin1')
}

/** What is left over is no problem. */
async function problemsOf(store: Store): Promise<readonly Finding[]> {
  const findings: Finding[] = []
  for await (const finding of verifyStore(contextOf(store))) if (finding.kind !== 'orphan') findings.push(finding)
  return findings
}

async function readDisk(folder: string): Promise<SavedDisk> {
  const saved = new Map<string, SavedFile | undefined>()
  for (const name of ['', ...(await readdir(folder, { recursive: true }))]) {
    const path = name === '' ? folder : join(folder, name)
    const found = await lstat(path)
    saved.set(path, found.isFile() ? { bytes: await readFile(path), mode: found.mode & 0o777 } : undefined)
  }
  return new Map([...saved].toSorted(([one], [other]) => one.length - other.length))
}
