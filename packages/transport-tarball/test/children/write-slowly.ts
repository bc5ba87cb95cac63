// Writes an archive and kills itself while a layer comes: FILE TRANSPORT
import { dockerArchiveTransport, ociArchiveTransport } from '../../src/index.ts'

const [file = '', kind = ''] = process.argv.slice(2)
const transport = kind === 'oci-archive' ? ociArchiveTransport() : dockerArchiveTransport()

async function* body(): AsyncGenerator<Uint8Array> {
  for (let count = 0; count < 20; count += 1) yield new Uint8Array(300_000)
  process.kill(process.pid, 'SIGKILL')
}

await using destination = await transport.parseReference(file).openDestination!()
await destination.putBlob({ open: body }, {})
