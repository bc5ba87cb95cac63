import type { Digest } from '@crossdock/core'

/** Which upload it is. */
export interface UploadKey {
  /** Host as users type it, `registry.example.com:5000`. */
  readonly host: string
  readonly repository: string
  readonly digest: Digest
}

/** An upload that was begun. */
export interface OpenUpload {
  /** Where to go on; it may hold secrets of the registry. */
  readonly url: string
  /** Bytes that the registry has acknowledged. */
  readonly offset: number
}

/**
 * Remembers open uploads from one process to the next. What it says is a hint: the registry is asked before it is used, so that
 * a lost or old note costs bytes and nothing else. Implementations do not throw for trouble with their storage.
 */
export interface UploadJournal {
  /** The open upload, from now on this process's; undefined if there is none or another living process has it. */
  claim(key: UploadKey): Promise<OpenUpload | undefined>
  /** The same, to look at only. */
  peek(key: UploadKey): Promise<OpenUpload | undefined>
  /** Notes how far the upload is. Has no effect while another living process has one of this key. */
  note(key: UploadKey, upload: OpenUpload): Promise<void>
  forget(key: UploadKey): Promise<void>
}

/** A journal that lives as long as the value: for tests, and for uploads that shall not outlive the process. */
export function memoryJournal(): UploadJournal {
  const uploads = new Map<string, OpenUpload>()
  const find = (key: UploadKey): Promise<OpenUpload | undefined> => Promise.resolve(uploads.get(keyText(key)))
  return {
    claim: find,
    peek: find,
    note: (key, upload) => {
      uploads.set(keyText(key), upload)
      return Promise.resolve()
    },
    forget: (key) => {
      uploads.delete(keyText(key))
      return Promise.resolve()
    },
  }
}

export function keyText({ host, repository, digest }: UploadKey): string {
  return `${host}/${repository}@${digest}`
}
