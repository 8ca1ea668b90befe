package trace

import (
	"io/fs"
	"path/filepath"
	"slices"

	"sigs.k8s.io/kustomize/api/konfig"
)

// changed has other content for some files of a source; which files there are is as in the source.
type changed struct {
	Source
	files map[string][]byte
}

func (c changed) ReadFile(path string) ([]byte, fs.FileInfo, error) {
	content, info, err := c.Source.ReadFile(path)
	if other, ok := c.files[path]; ok && err == nil {
		return slices.Clone(other), info, nil
	}
	return content, info, err
}

// With returns a file system that has other content for some files, by path relative to the root.
func (f *FS) With(files map[string][]byte) (*FS, error) {
	absolute := make(map[string][]byte, len(files))
	for path, content := range files {
		real, _, err := f.Find(filepath.Join(f.root, path))
		if err != nil {
			return nil, err
		}
		absolute[real] = content
	}
	return On(f.root, changed{f.source, absolute})
}

// onDisk says whether programs that read the disk find what the source has: kustomizations are nobody else's input.
func onDisk(source Source) bool {
	if c, ok := source.(changed); ok {
		for path := range c.files {
			if !slices.Contains(konfig.RecognizedKustomizationFileNames(), filepath.Base(path)) {
				return false
			}
		}
		source = c.Source
	}
	_, ok := source.(disk)
	return ok
}
