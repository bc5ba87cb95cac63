import { fileURLToPath } from 'node:url'

export const TESTREPO: string = fixture('regclient/testrepo')

export function fixture(name: string): string {
  return fileURLToPath(new URL(`fixtures/${name}`, import.meta.url))
}
