// Pure: a name for something new that nothing beside it has yet.

/** "New group", "New group 2"…, whatever the case of those that are there. */
export function freeName(wanted: string, taken: readonly string[]): string {
  const known = new Set(taken.map((name) => name.toLocaleLowerCase()));
  for (let number = 1; ; number++) {
    const name = number === 1 ? wanted : `${wanted} ${number}`;
    if (!known.has(name.toLocaleLowerCase())) return name;
  }
}
