import fs, { constants, type promises } from 'node:fs'
import { join, resolve } from 'node:path'
import { createFileLayer, type FileLayer } from './file-layer.ts'

/** A call that changed files, or flushed them. Paths are absolute. */
export type FileCall =
  | { readonly kind: 'open'; readonly path: string; readonly handle: number; readonly isTruncated: boolean }
  /** Without a position where the last one ended, at -1 at the end. */
  | { readonly kind: 'write'; readonly handle: number; readonly bytes: Buffer; readonly position: number | undefined }
  | { readonly kind: 'truncate'; readonly handle: number; readonly size: number }
  | { readonly kind: 'sync'; readonly handle: number }
  | { readonly kind: 'chmod'; readonly handle: number; readonly mode: number }
  | { readonly kind: 'mkdir' | 'remove'; readonly path: string }
  | { readonly kind: 'rename' | 'link'; readonly from: string; readonly path: string }
  /** Something was reported as done. */
  | { readonly kind: 'mark'; readonly name: string }

export interface RecordedCall {
  readonly call: FileCall
  /** The database's files, by name, at that time. */
  readonly database: ReadonlyMap<string, Buffer>
}

export interface Recorder extends Disposable {
  readonly calls: readonly RecordedCall[]
  mark(name: string): void
}

interface Recording {
  readonly folder: string
  readonly layer: FileLayer
  note(call: FileCall): void
  /** Numbers files that are opened. */
  next(): number
  readonly handles: WeakMap<object, number>
  readonly byDescriptor: Map<number, number>
}

/**
 * Notes what happens to the files below a folder. SQLite's own calls do not pass here; what its files hold is noted with each call instead.
 */
export async function recordCalls(folder: string): Promise<Recorder> {
  const calls: RecordedCall[] = []
  const layer = await createFileLayer()
  const note = (call: FileCall): void => void calls.push({ call, database: databaseFiles(folder) })
  let opened = 0
  const next = (): number => (opened += 1)
  const recording = { folder, layer, note, next, handles: new WeakMap(), byDescriptor: new Map() }
  recordOpening(recording)
  recordWriting(recording)
  recordNames(recording)
  refuseOthers(recording)
  return { calls, mark: (name) => note({ kind: 'mark', name }), [Symbol.dispose]: () => layer[Symbol.dispose]() }
}

function isWithin(folder: string, path: unknown): path is string {
  return typeof path === 'string' && resolve(path).startsWith(folder)
}

function recordOpening({ folder, layer, note, next, handles, byDescriptor }: Recording): void {
  layer.replaceFunction('open', async (original, [path, flags = 'r']) => {
    const file = (await original()) as promises.FileHandle // what open answers with
    if (!isWithin(folder, path)) return file
    const handle = next()
    handles.set(file, handle)
    byDescriptor.set(file.fd, handle)
    const isTruncated = typeof flags === 'number' ? (flags & constants.O_TRUNC) !== 0 : String(flags).startsWith('w')
    note({ kind: 'open', path, handle, isTruncated })
    return file
  })
  layer.replaceFunction('appendFile', async (original, [path, bytes]) => {
    const result = await original()
    if (!isWithin(folder, path)) return result
    const handle = next()
    note({ kind: 'open', path, handle, isTruncated: false })
    note({ kind: 'write', handle, bytes: copyOf(bytes), position: -1 })
    return result
  })
}

type Describe = (handle: number, args: readonly unknown[]) => FileCall

const METHODS: Readonly<Record<string, Describe>> = {
  write: (handle, [bytes, offset = 0, length, position]) => {
    if (typeof bytes === 'string')
      return { kind: 'write', handle, bytes: Buffer.from(bytes), position: numberOf(offset) }
    return { kind: 'write', handle, bytes: part(bytes, offset, length), position: numberOf(position) }
  },
  writev: (handle, [chunks, position]) => {
    const bytes = Buffer.concat(Array.isArray(chunks) ? chunks.map(copyOf) : [])
    return { kind: 'write', handle, bytes, position: numberOf(position) }
  },
  writeFile: (handle, [bytes]) => ({ kind: 'write', handle, bytes: copyOf(bytes), position: undefined }),
  truncate: (handle, [size = 0]) => ({ kind: 'truncate', handle, size: Number(size) }),
  sync: (handle) => ({ kind: 'sync', handle }),
  datasync: (handle) => ({ kind: 'sync', handle }),
  chmod: (handle, [mode]) => ({ kind: 'chmod', handle, mode: Number(mode) }),
}

function recordWriting({ layer, note, handles, byDescriptor }: Recording): void {
  for (const [name, describe] of Object.entries(METHODS)) {
    layer.replaceMethod(name, async (original, args, file) => {
      const handle = handles.get(Object(file))
      const described = handle === undefined ? undefined : describe(handle, args)
      const result = await original()
      if (described !== undefined) note(described)
      return result
    })
  }
  layer.replaceSync('writeSync', (original, [descriptor, bytes, offset = 0, length, position]) => {
    const written = original()
    const handle = byDescriptor.get(Number(descriptor))
    if (handle !== undefined)
      note({ kind: 'write', handle, bytes: part(bytes, offset, length), position: numberOf(position) })
    return written
  })
}

function recordNames({ folder, layer, note }: Recording): void {
  const record = (name: string, describe: (path: string, other: unknown) => readonly FileCall[]): void =>
    layer.replaceFunction(name, async (original, [path, other]) => {
      const described = isWithin(folder, path) ? describe(path, other) : []
      const result = await original()
      for (const each of described) note(each)
      return result
    })
  record('mkdir', (path) => [{ kind: 'mkdir', path }])
  for (const kind of ['rename', 'link'] as const) record(kind, (from, path) => [{ kind, from, path: String(path) }])
  for (const name of ['unlink', 'rm'])
    record(name, (path) => treeOf(path).map((each) => ({ kind: 'remove', path: each })))
}

/** What is not recorded must not happen. */
function refuseOthers({ folder, layer }: Recording): void {
  for (const name of ['copyFile', 'symlink', 'writeFile', 'truncate'])
    layer.replaceFunction(name, (original, [path]) => {
      if (!isWithin(folder, path)) return original()
      throw new Error(`${name} of ${path} is not recorded: teach the recorder what it does`)
    })
}

function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined
}

function copyOf(bytes: unknown): Buffer {
  if (typeof bytes === 'string') return Buffer.from(bytes)
  if (bytes instanceof Uint8Array) return Buffer.from(bytes)
  throw new Error('something else than text and bytes was written: teach the recorder')
}

function part(bytes: unknown, offset: unknown, length: unknown): Buffer {
  const from = Number(offset)
  return copyOf(bytes).subarray(from, typeof length === 'number' ? from + length : undefined)
}

/** A path and what is below it, what is below first. */
function treeOf(path: string): readonly string[] {
  const found = fs.lstatSync(path, { throwIfNoEntry: false })
  if (found === undefined) return []
  const below = found.isDirectory() ? fs.readdirSync(path).flatMap((name) => treeOf(join(path, name))) : []
  return [...below, path]
}

const DATABASE = /(?:^|[/\\])crossdock\.db(?:-\w+)?$/

export function isDatabase(path: string): boolean {
  return DATABASE.test(path)
}

/** Without the index of the log, which is made again. */
function databaseFiles(folder: string): ReadonlyMap<string, Buffer> {
  const names = fs.readdirSync(folder).filter((name) => isDatabase(name) && !name.endsWith('-shm'))
  return new Map(names.map((name) => [name, fs.readFileSync(join(folder, name))]))
}
