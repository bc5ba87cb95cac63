// Replaces the image of a folder and is killed by itself before its Nth file operation: FOLDER SEED N
import { dieAtStep } from '../../../blob-files/test/children/die-at-step.ts'

const [folder = '', seed = '', step = '0'] = process.argv.slice(2)
const steps = await dieAtStep(Number(step))
const { writeSigned } = await import('./signed-images.ts')
const { dirTransport } = await import('../../src/index.ts')
await writeSigned(dirTransport().parseReference(folder), seed)
process.stdout.write(String(steps()))
