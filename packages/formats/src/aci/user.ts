/** A user and a group as appc wants them, both. */
export interface AciUser {
  readonly user: string
  readonly group: string
}

/** What appc calls the `User` of an OCI configuration: nobody is root, and a user without a group is in the group of that name. */
export function aciUserOf(text: string): AciUser {
  const [user = '', group = ''] = text.split(':')
  const named = user === '' ? '0' : user
  return { user: named, group: group === '' ? named : group }
}
