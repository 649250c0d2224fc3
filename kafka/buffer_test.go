package kafka

import "testing"

func TestBufferSizes(t *testing.T) {
	p := NewPool()
	for _, c := range []struct{ n, capacity int }{
		{0, 4352}, {1, 4352}, {4096, 4352}, {4352, 4352}, {4353, 5440}, {8192, 8704}, {8704, 8704}, {8705, 10880},
		{1 << 20, 1<<20 + 1<<16}, {1<<20 + 200, 1<<20 + 1<<16}, {1<<20 + 1<<16 + 1, (1<<20 + 1<<16) * 5 / 4},
		{16 << 20, 17 << 20}, {17 << 20, 17 << 20}, {17<<20 + 1, 17<<20 + 1},
	} {
		b := p.Get(c.n)
		if len(b.Bytes) != c.n || cap(b.Bytes) != c.n || b.Cap() != c.capacity {
			t.Errorf("Get(%d): got %d bytes of %d in %d, want %d", c.n, len(b.Bytes), cap(b.Bytes), b.Cap(), c.capacity)
		}
		b.Release()
	}
}

func TestBufferReferences(t *testing.T) {
	p := NewPool()
	b := p.Get(100)
	b.Bytes[0] = 7
	b.Retain()
	b.Release()
	if b.Bytes == nil || b.Bytes[0] != 7 {
		t.Fatal("memory is gone while one reference is left")
	}
	b.Release()
	if b.Bytes != nil {
		t.Error("memory is still there after the last release")
	}
	for name, misuse := range map[string]func(){"release": b.Release, "retain": b.Retain} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s after the last release: no panic", name)
				}
			}()
			p.Get(100) // the memory may have a new owner; the misuse must be found all the same
			misuse()
		}()
	}
}

// TestBufferClasses checks for every class and the sizes around it that the smallest one that holds them is found.
func TestBufferClasses(t *testing.T) {
	for class := range classes {
		size := classSize(class)
		if class > 0 && size > classSize(class-1)*5/4 {
			t.Errorf("class %d: %d bytes are more than a quarter above the class before", class, size)
		}
		if got := classOf(size); got != class {
			t.Errorf("%d bytes: got class %d, want %d", size, got, class)
		}
		want := class + 1
		if want == classes {
			want = -1
		}
		if got := classOf(size + 1); got != want {
			t.Errorf("%d bytes: got class %d, want %d", size+1, got, want)
		}
	}
}
