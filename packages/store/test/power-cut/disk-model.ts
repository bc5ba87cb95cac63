import { basename, dirname } from 'node:path'
import type { FileCall } from './recorder.ts'

/** A file or a folder: what it holds, and what of that is on the disk for certain. */
type Node = FileNode | FolderNode

interface FileNode {
  readonly kind: 'file'
  bytes: Buffer
  flushed: Buffer
  mode: number
}

interface FolderNode {
  readonly kind: 'folder'
  readonly entries: Map<string, Node>
  flushed: ReadonlyMap<string, Node>
}

/** What a power cut leaves of what was not flushed. */
export interface Loss {
  /** Names: all of them, or those of folders that were flushed since. */
  readonly names: 'kept' | 'lost'
  /** Bytes of files: all, those that were flushed, or as many but the second half zeros. */
  readonly bytes: 'kept' | 'lost' | 'half'
}

export interface SavedFile {
  readonly bytes: Buffer
  readonly mode: number
}

/** What is on the disk: by path, undefined for a folder. */
export type SavedDisk = ReadonlyMap<string, SavedFile | undefined>

/** A disk whose system had time to write down only what was flushed. */
export interface DiskModel {
  apply(call: FileCall): void
  after(loss: Loss): SavedDisk
}

/** Begins with what is there, all of it flushed. Paths that `ignores` names are not part of it. */
export function createDiskModel(root: string, before: SavedDisk, ignores: (path: string) => boolean): DiskModel {
  const nodes = new Map<string, FolderNode>()
  const top = newFolder()
  nodes.set(root, top)
  const handles = new Map<number, { readonly node: Node; position: number }>()
  for (const [path, saved] of before) {
    if (path === root || ignores(path)) continue
    const node = saved === undefined ? newFolder() : newFile(saved.bytes, saved.mode)
    if (node.kind === 'folder') nodes.set(path, node)
    folderOf(path).entries.set(basename(path), node)
  }
  flushAll(top)

  function folderOf(path: string): FolderNode {
    const node = find(dirname(path))
    if (node?.kind !== 'folder') throw new Error(`${dirname(path)} is no folder`)
    return node
  }

  function find(path: string): Node | undefined {
    if (path === root) return top
    const above = find(dirname(path))
    return above?.kind === 'folder' ? above.entries.get(basename(path)) : undefined
  }

  function fileOf(handle: number): { readonly node: FileNode; position: number } | undefined {
    const opened = handles.get(handle)
    return opened?.node.kind === 'file' ? (opened as { node: FileNode; position: number }) : undefined
  }

  function open({ path, handle, isTruncated }: Extract<FileCall, { kind: 'open' }>): void {
    if (ignores(path)) return
    const found = find(path)
    const node = found ?? newFile(Buffer.alloc(0), 0o600, Buffer.alloc(0))
    if (found === undefined) folderOf(path).entries.set(basename(path), node)
    if (isTruncated && node.kind === 'file') node.bytes = Buffer.alloc(0)
    handles.set(handle, { node, position: 0 })
  }

  function write({ handle, bytes, position }: Extract<FileCall, { kind: 'write' }>): void {
    const file = fileOf(handle)
    if (file === undefined) return
    const { node } = file
    const at = position === -1 ? node.bytes.byteLength : (position ?? file.position)
    const grown = Buffer.alloc(Math.max(node.bytes.byteLength, at + bytes.byteLength))
    node.bytes.copy(grown)
    bytes.copy(grown, at)
    node.bytes = grown
    if (position === undefined) file.position = at + bytes.byteLength
  }

  function truncate({ handle, size }: Extract<FileCall, { kind: 'truncate' }>): void {
    const node = fileOf(handle)?.node
    if (node === undefined) return
    const cut = Buffer.alloc(size)
    node.bytes.copy(cut)
    node.bytes = cut
  }

  function sync(handle: number): void {
    const node = handles.get(handle)?.node
    if (node?.kind === 'file') node.flushed = node.bytes
    if (node?.kind === 'folder') node.flushed = new Map(node.entries)
  }

  function rename(from: string, path: string, keepsOld: boolean): void {
    const node = find(from)
    if (node === undefined) throw new Error(`there is no ${from}`)
    folderOf(path).entries.set(basename(path), node)
    if (!keepsOld) folderOf(from).entries.delete(basename(from))
  }

  return {
    apply(call) {
      switch (call.kind) {
        case 'open':
          return open(call)
        case 'write':
          return write(call)
        case 'truncate':
          return truncate(call)
        case 'sync':
          return sync(call.handle)
        case 'chmod': {
          const node = fileOf(call.handle)?.node
          if (node !== undefined) node.mode = call.mode
          return
        }
        case 'mkdir':
          return void folderOf(call.path).entries.set(basename(call.path), newFolder())
        case 'rename':
        case 'link':
          return rename(call.from, call.path, call.kind === 'link')
        case 'remove':
          return ignores(call.path) ? undefined : void folderOf(call.path).entries.delete(basename(call.path))
        case 'mark':
      }
    },
    after(loss) {
      const saved = new Map<string, SavedFile | undefined>()
      save(top, root, { loss, saved })
      return saved
    },
  }
}

interface Saving {
  readonly loss: Loss
  readonly saved: Map<string, SavedFile | undefined>
}

function save(node: Node, path: string, saving: Saving): void {
  const { loss, saved } = saving
  if (node.kind === 'file') saved.set(path, { bytes: bytesAfter(node, loss), mode: node.mode })
  else {
    saved.set(path, undefined)
    const entries = loss.names === 'kept' ? node.entries : node.flushed
    for (const [name, child] of entries) save(child, `${path}/${name}`, saving)
  }
}

function bytesAfter({ bytes, flushed }: FileNode, loss: Loss): Buffer {
  if (loss.bytes === 'kept' || bytes.equals(flushed)) return bytes
  if (loss.bytes === 'lost') return flushed
  const half = Buffer.alloc(bytes.byteLength)
  bytes.copy(half, 0, 0, Math.floor(bytes.byteLength / 2))
  return half
}

function newFile(bytes: Buffer, mode: number, flushed: Buffer = bytes): FileNode {
  return { kind: 'file', bytes, flushed, mode }
}

function newFolder(): FolderNode {
  return { kind: 'folder', entries: new Map(), flushed: new Map() }
}

function flushAll(folder: FolderNode): void {
  folder.flushed = new Map(folder.entries)
  for (const node of folder.entries.values()) if (node.kind === 'folder') flushAll(node)
}
