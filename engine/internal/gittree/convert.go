package gittree

import (
	"bytes"
	"strings"

	"sealock.dev/engine/internal/failure"
)

// converted refuses a file that a checkout would write with other content than the object database has.
func (t *Tree) converted(path string, content []byte) error {
	how := t.conversion(path, content)
	if how == "" {
		return nil
	}
	return &failure.Error{
		Code: failure.GitFailed, File: path,
		Message: path + " is not in Git as a checkout writes it: " + how,
		Hint:    "check out the revision and check that folder",
	}
}

func (t *Tree) conversion(path string, content []byte) string {
	if bytes.HasPrefix(content, []byte("version https://git-lfs.github.com/spec/v1\n")) {
		return "it is kept by Git LFS"
	}
	set := t.attributesOf(path)
	if filter := set.value("filter"); filter != "" && filter != "lfs" {
		return "it goes through the filter " + filter
	}
	if encoding := set.value("working-tree-encoding"); encoding != "" {
		return "it is written in " + encoding
	}
	if set["ident"] == isSet && bytes.Contains(content, []byte("$Id")) {
		return "its $Id$ is filled in"
	}
	if set["eol"] == "crlf" && !set.unset("text") && bytes.ContainsRune(content, '\n') {
		return "its lines end in CR LF"
	}
	return ""
}

func folderOf(path string) string {
	cut := strings.LastIndexByte(path, '/')
	if cut < 0 {
		return ""
	}
	return path[:cut]
}

// attributesOf returns what `.gitattributes` say of a path, from the root down to its folder.
func (t *Tree) attributesOf(path string) values {
	found := values{}
	for _, line := range t.lines(folderOf(path)) {
		if line.matches(path) {
			line.apply(found)
		}
	}
	return found
}

// lines reads the `.gitattributes` of a folder and of those above it, the outermost first.
func (t *Tree) lines(folder string) []line {
	if known, ok := t.attributes[folder]; ok {
		return known
	}
	var lines []line
	place := t.root
	if folder != "" {
		lines = t.lines(folderOf(folder))
		place += "/" + folder
	}
	if content, err := t.content("open", place+"/.gitattributes", 0); err == nil {
		lines = append(lines[:len(lines):len(lines)], parse(string(content), folder)...)
	}
	t.attributes[folder] = lines
	return lines
}
