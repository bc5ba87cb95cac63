// Puts one blob and is killed by itself at a byte: FOLDER SIZE KILL_AT
import { randomBytes, testBlob } from '@crossdock/transport-testkit'
import { dirTransport } from '../../src/index.ts'

const [folder = '', size = '0', killAt = '0'] = process.argv.slice(2)
const { bytes, descriptor } = testBlob(randomBytes(Number(size), 'slowly'))
const destination = await dirTransport().parseReference(folder).openDestination()
await destination.putBlob(
  {
    async *open(offset = 0) {
      for (let at = offset; at < bytes.byteLength; at += 50_000) {
        if (at >= Number(killAt)) process.kill(process.pid, 'SIGKILL')
        yield bytes.subarray(at, at + 50_000)
      }
    },
  },
  descriptor,
)
