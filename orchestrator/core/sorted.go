package core

import "slices"

// sorted is an ordered set of keys: blocks of at most sortedBlock keys, so that inserting into a line of
// 100,000 moves a few hundred keys and not all of them. cmp must be a total order.
type sorted[K any] struct {
	cmp    func(a, b K) int
	blocks [][]K // none empty
	n      int
	spare  []K // the room of the last block: sets that are mostly empty fill and empty all day
}

const sortedBlock = 256

// find gives the block in which k stands or would stand, and the place in it. Callers come at the end of a line and leave at its front, so that
// both are tried before anything is searched.
func (o *sorted[K]) find(k K) (block, at int, found bool) {
	last := len(o.blocks) - 1
	if last < 0 {
		return 0, 0, false
	}
	end := o.blocks[last]
	switch c := o.cmp(end[len(end)-1], k); {
	case c < 0:
		return last, len(end), false
	case c == 0:
		return last, len(end) - 1, true
	case o.cmp(o.blocks[0][0], k) == 0:
		return 0, 0, true
	}
	// The first block whose last key is not before k.
	block, _ = slices.BinarySearchFunc(o.blocks, k, func(b []K, k K) int { return o.cmp(b[len(b)-1], k) })
	at, found = slices.BinarySearchFunc(o.blocks[block], k, o.cmp)
	return block, at, found
}

func (o *sorted[K]) insert(k K) {
	b, at, found := o.find(k)
	if found {
		return
	}
	o.n++
	switch {
	case o.n == 1:
		o.blocks, o.spare = append(o.blocks, append(o.spare, k)), nil
	case len(o.blocks[b]) < sortedBlock:
		o.blocks[b] = slices.Insert(o.blocks[b], at, k)
	case b == len(o.blocks)-1 && at == sortedBlock: // behind all: that block stays full, and nothing moves
		o.blocks = append(o.blocks, append(make([]K, 0, sortedBlock), k))
	default:
		half := append(make([]K, 0, sortedBlock), o.blocks[b][sortedBlock/2:]...)
		clear(o.blocks[b][sortedBlock/2:])
		o.blocks[b] = o.blocks[b][:sortedBlock/2]
		o.blocks = slices.Insert(o.blocks, b+1, half)
		if at > sortedBlock/2 {
			b, at = b+1, at-sortedBlock/2
		}
		o.blocks[b] = slices.Insert(o.blocks[b], at, k)
	}
}

func (o *sorted[K]) remove(k K) {
	b, at, found := o.find(k)
	if !found {
		return
	}
	o.n--
	block := o.blocks[b]
	switch {
	case len(block) == 1:
		clear(block)
		o.spare = block[:0]
		o.blocks = slices.Delete(o.blocks, b, b+1)
	case at == 0: // the front of a line moves on, and those behind stay where they are
		clear(block[:1])
		o.blocks[b] = block[1:]
	default:
		o.blocks[b] = slices.Delete(block, at, at+1)
	}
}

// rank is how many keys stand before k.
func (o *sorted[K]) rank(k K) int {
	b, at, _ := o.find(k)
	for _, block := range o.blocks[:b] {
		at += len(block)
	}
	return at
}

// all yields the keys in order. The set must not change meanwhile.
func (o *sorted[K]) all(yield func(K) bool) {
	for _, block := range o.blocks {
		for _, k := range block {
			if !yield(k) {
				return
			}
		}
	}
}

// first gives the first key.
func (o *sorted[K]) first() (k K, ok bool) {
	if o.n == 0 {
		return k, false
	}
	return o.blocks[0][0], true
}
