// Replaces the image of a name and is killed by itself before its Nth file operation: FOLDER:NAME SEED N
import { dieAtStep } from '../../../blob-files/test/children/die-at-step.ts'

const [reference = '', seed = '', step = '0'] = process.argv.slice(2)
const steps = await dieAtStep(Number(step))
const { writeImage } = await import('@crossdock/transport-testkit')
const { imageWithReferrer } = await import('./image-with-referrer.ts')
const { ociDirTransport } = await import('../../src/index.ts')
await writeImage(ociDirTransport().parseReference(reference), imageWithReferrer(seed))
process.stdout.write(String(steps()))
