import { posix, win32 } from 'node:path'
import { fileURLToPath } from 'node:url'
import { checkNoBlanks } from './check-text.ts'
import { invalidText } from './refusal.ts'

/** Absolute: `file:/PATH`, `file:///PATH` and `file://localhost/PATH` (RFC 8089, sections 2 and 3). */
const FORM = /^file:(?:\/\/(?:localhost)?(?=\/)|(?=\/(?!\/)))(\/(?!\/).*)$/i

export interface FileUrlOptions {
  /** Whether paths are those of Windows. Default: as on this machine. */
  readonly windows?: boolean | undefined
}

/** The path that a `file:` URL names, percent-decoded and clean. Throws `INVALID_REFERENCE` for one that is relative, of another host, or has a query or fragment. */
export function pathOfFileUrl(text: string, { windows = process.platform === 'win32' }: FileUrlOptions = {}): string {
  checkNoBlanks(text)
  const path = FORM.exec(text)?.[1]
  if (path === undefined) throw invalidText(text, 'a file: URL names an absolute path on this machine, file:///PATH')
  if (/[?#\\]/.test(path)) {
    throw invalidText(
      text,
      'a file: URL has no query and no fragment; in a path "?", "#" and "\\" are %3F, %23 and %5C',
    )
  }
  const decoded = decodedPath(text, path, windows)
  if (/\p{Cc}/u.test(decoded)) throw invalidText(text, 'the path has a control character')
  return (windows ? win32 : posix).resolve(decoded)
}

function decodedPath(text: string, path: string, windows: boolean): string {
  try {
    return fileURLToPath(`file://${path}`, { windows })
  } catch (cause) {
    throw invalidText(
      text,
      'it is no path: check the percent-encoding ("/" cannot be encoded), on Windows the drive',
      cause,
    )
  }
}
