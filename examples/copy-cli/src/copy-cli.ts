import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { copyByName, type CopyResult } from '@crossdock/copy'
import { createTransportRegistry, ImageError, type ProgressEvent, shortDigest } from '@crossdock/core'
import { dockerTransport } from '@crossdock/transport-docker'
import { ociDirTransport } from '@crossdock/transport-oci-dir'

const USAGE = `Usage: copy-cli [--all] [--insecure] [--creds USER:PASSWORD] SOURCE DESTINATION

  copy-cli docker://alpine:3.20 oci:./images:alpine
  copy-cli --insecure oci:./images:alpine docker://localhost:5000/alpine
`

interface Output {
  readonly out: (text: string) => void
  readonly note: (text: string) => void
}

/** Copies an image as the arguments say; returns the exit code. */
export async function run(argv: readonly string[], output: Output, signal?: AbortSignal): Promise<number> {
  const request = readArguments(argv)
  if (request === undefined) {
    output.note(USAGE)
    return 64
  }
  const { from, to, all, insecure, credentials } = request
  const transports = createTransportRegistry([
    dockerTransport({ insecure, ...(credentials !== undefined && { credentials }) }),
    ociDirTransport(),
  ])
  try {
    const result = await copyByName(transports, from, to, {
      signal,
      ...(all && { platforms: 'all' as const }),
      onProgress: (event) => tell(event, output.note),
    })
    output.note(summary(result))
    output.out(`${result.digest}\n`)
    return 0
  } catch (error) {
    if (signal?.aborted === true) output.note('interrupted; the same command goes on where this one stopped\n')
    else if (error instanceof ImageError) output.note(`${error.code}: ${error.message}\n`)
    else throw error
    return 1
  } finally {
    await transports.close()
  }
}

interface Request {
  readonly from: string
  readonly to: string
  readonly all: boolean
  readonly insecure: boolean | undefined
  readonly credentials: { readonly username: string; readonly password: string } | undefined
}

function readArguments(argv: readonly string[]): Request | undefined {
  try {
    const { values, positionals } = parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: { all: { type: 'boolean' }, insecure: { type: 'boolean' }, creds: { type: 'string' } },
    })
    const [from, to, ...rest] = positionals
    if (from === undefined || to === undefined || rest.length > 0) return undefined
    const [username, ...password] = values.creds?.split(':') ?? []
    const credentials = username === undefined ? undefined : { username, password: password.join(':') }
    return { from, to, all: values.all ?? false, insecure: values.insecure, credentials }
  } catch {
    return undefined
  }
}

function tell(event: ProgressEvent, note: Output['note']): void {
  if (event.type === 'blob:start') note(`moving  ${shortDigest(event.blob.digest)} from byte ${event.offset}\n`)
  else if (event.type === 'blob:reused') note(`there   ${shortDigest(event.digest)}\n`)
  else if (event.type === 'blob:mounted') note(`mounted ${shortDigest(event.digest)} from ${event.from}\n`)
  else if (event.type === 'retry') note(`again   ${event.what}: ${event.reason}\n`)
  else if (event.type === 'note') note(`${event.message}\n`)
}

function summary({ moved, reused, mounted, bytes, upToDate }: CopyResult): string {
  if (upToDate) return 'nothing to do\n'
  return `${moved} moved (${bytes.moved} bytes), ${reused} reused, ${mounted} mounted\n`
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const controller = new AbortController()
  process.once('SIGINT', () => controller.abort(new Error('interrupted')))
  const output = {
    out: (text: string) => process.stdout.write(text),
    note: (text: string) => process.stderr.write(text),
  }
  process.exitCode = await run(process.argv.slice(2), output, controller.signal)
}
