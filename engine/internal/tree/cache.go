package tree

// Both caches hold what depends on a file's content alone, by its digest; bases are shared by many overlays.
var (
	kustomizations = map[string]*kustomization{}
	objectLists    = map[string][]Document{}
)

const maxCached = 20_000

func parsed(digest string, content []byte) *kustomization {
	if known, ok := kustomizations[digest]; ok {
		return known
	}
	if len(kustomizations) >= maxCached {
		clear(kustomizations)
	}
	k := parse(content)
	kustomizations[digest] = k
	return k
}

func described(digest string, content []byte) []Document {
	if known, ok := objectLists[digest]; ok {
		return known
	}
	if len(objectLists) >= maxCached {
		clear(objectLists)
	}
	found := documents(content)
	objectLists[digest] = found
	return found
}
