// Owns choosing kernel modules: by name or by folder, with everything they depend on. Pure; reads modules.dep, modules.builtin and the
// like as depmod writes them (modules.dep(5)).

export type ModuleIndex = {
  /** Module file by name; paths as in modules.dep. */
  pathOf: ReadonlyMap<string, string>;
  /** Direct and indirect needs by path, as depmod lists them. */
  needs: ReadonlyMap<string, readonly string[]>;
  builtin: ReadonlySet<string>;
};

export function readModuleIndex(dep: string, builtin: string): ModuleIndex {
  const pathOf = new Map<string, string>();
  const needs = new Map<string, string[]>();
  for (const line of dep.split('\n')) {
    const [path, rest] = split(line);
    if (path === '') continue;
    pathOf.set(moduleName(path), path);
    needs.set(path, rest.split(' ').filter((each) => each !== ''));
  }
  return { pathOf, needs, builtin: new Set(builtin.split('\n').filter((line) => line !== '').map(moduleName)) };
}

/**
 * @param wanted module names, or folders below kernel/ that end in a slash ("drivers/net/ethernet/intel/")
 * @param except names that are left out of folders
 * @returns paths, sorted; `missing`: names the kernel neither has nor holds built in
 */
export function chooseModules(index: ModuleIndex, wanted: readonly string[], except: ReadonlySet<string> = new Set()): { paths: string[]; missing: string[] } {
  const chosen = new Set<string>();
  const missing: string[] = [];
  const take = (path: string): void => {
    if (chosen.has(path)) return;
    chosen.add(path);
    for (const need of index.needs.get(path) ?? []) take(need);
  };
  for (const each of wanted) {
    if (each.endsWith('/')) {
      for (const path of index.needs.keys()) if (path.startsWith(`kernel/${each}`) && !except.has(moduleName(path))) take(path);
      continue;
    }
    const path = index.pathOf.get(moduleName(each));
    if (path !== undefined) take(path);
    else if (!index.builtin.has(moduleName(each))) missing.push(each);
  }
  return { paths: [...chosen].toSorted(), missing };
}

/** "kernel/drivers/nvme/host/nvme-core.ko" → "nvme_core": names have no hyphens where the kernel compares them. */
export function moduleName(path: string): string {
  return (path.split('/').at(-1) ?? '').replace(/\.ko(\.\w+)?$/, '').replaceAll('-', '_');
}

function split(line: string): [string, string] {
  const at = line.indexOf(':');
  return at === -1 ? ['', ''] : [line.slice(0, at), line.slice(at + 1)];
}
