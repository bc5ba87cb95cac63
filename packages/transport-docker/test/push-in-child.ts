// Pushes a blob through a journal in a folder, for a test that kills it: HOST FOLDER SIZE
import { bytesBody, digestOf } from '@crossdock/core'
import { randomBytes } from '@crossdock/transport-testkit'
import { dockerTransport, folderJournal } from '../src/index.ts'

const [host = '', folder = '', size = ''] = process.argv.slice(2)
const bytes = randomBytes(Number(size), 'killed')
const docker = dockerTransport({ journal: folderJournal(folder) })
const destination = await docker.parseReference(`//${host}/a:t`).openDestination()
await destination.putBlob(bytesBody(bytes), { digest: digestOf(bytes), size: bytes.byteLength })
