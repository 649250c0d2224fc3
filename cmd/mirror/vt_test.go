package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"
)

// vt is a terminal small enough to be trusted: it knows the sequences that mirror
// uses (ECMA-48, and DEC's for the alternate picture and the cursor), and
// complains about every other one.
type vt struct {
	mu            sync.Mutex // guards what follows
	width, height int
	cells         [][]rune
	saved         [][]rune // the first picture, while the alternate one is shown
	row, column   int
	hidden        bool // the cursor
	scrolled      int  // lines
	colours       int  // sequences that set a colour
	wrong         []string
	wrapped       []string // what did not fit into its line
	rest          []byte   // of a sequence or a character that is not complete yet
}

func newVT(width, height int) *vt {
	v := &vt{}
	v.resize(width, height)
	return v
}

func (v *vt) resize(width, height int) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.width, v.height = width, height
	v.cells, v.row, v.column = blank(width, height), 0, 0
}

func blank(width, height int) [][]rune {
	cells := make([][]rune, height)
	for i := range cells {
		cells[i] = []rune(strings.Repeat(" ", width))
	}
	return cells
}

// text is what can be read on the screen.
func (v *vt) text() string {
	v.mu.Lock()
	defer v.mu.Unlock()
	var lines []string
	for _, line := range v.cells {
		lines = append(lines, strings.TrimRight(string(line), " "))
	}
	return strings.TrimRight(strings.Join(lines, "\n"), "\n") + "\n"
}

// state is whether the alternate picture is shown, and whether the cursor is hidden.
func (v *vt) state() (alternate, hidden bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.saved != nil, v.hidden
}

// counts are what was counted so far: sequences that set a colour, lines that the
// screen scrolled by, and what did not fit into its line.
func (v *vt) counts() (colours, scrolled int, wrapped []string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.colours, v.scrolled, slices.Clone(v.wrapped)
}

func (v *vt) Write(b []byte) (int, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.rest = append(v.rest, b...)
	for len(v.rest) > 0 {
		n := v.step(v.rest)
		if n == 0 {
			break
		}
		v.rest = v.rest[n:]
	}
	return len(b), nil
}

// step takes one character or sequence and returns its length, 0 if it is not
// complete.
func (v *vt) step(b []byte) int {
	switch b[0] {
	case '\r':
		v.column = 0
		return 1
	case '\n':
		v.feed()
		return 1
	case '\a':
		return 1
	case 0x1b:
		return v.sequence(b)
	}
	if !utf8.FullRune(b) {
		return 0
	}
	r, n := utf8.DecodeRune(b)
	if v.column >= v.width {
		v.wrapped = append(v.wrapped, string(b[:min(len(b), 30)]))
		v.column = 0
		v.feed()
	}
	v.cells[v.row][v.column] = r
	v.column++
	return n
}

func (v *vt) feed() {
	if v.row++; v.row == v.height {
		v.cells = append(v.cells[1:], []rune(strings.Repeat(" ", v.width)))
		v.row--
		v.scrolled++
	}
}

func (v *vt) sequence(b []byte) int {
	if len(b) < 2 {
		return 0
	}
	if b[1] != '[' {
		v.wrong = append(v.wrong, fmt.Sprintf("unknown sequence %q", b[:2]))
		return 2
	}
	end := 2
	for end < len(b) && (b[end] < 0x40 || b[end] > 0x7e) {
		end++
	}
	if end == len(b) {
		return 0
	}
	v.control(string(b[2:end]), b[end])
	return end + 1
}

func (v *vt) control(parameters string, final byte) {
	number := func(i, otherwise int) int {
		fields := strings.Split(parameters, ";")
		if i < len(fields) {
			if n, err := strconv.Atoi(fields[i]); err == nil {
				return n
			}
		}
		return otherwise
	}
	switch {
	case final == 'H':
		v.row, v.column = min(number(0, 1), v.height)-1, min(number(1, 1), v.width)-1
	case final == 'A':
		v.row = max(v.row-number(0, 1), 0)
	case final == 'K' && parameters == "":
		v.clear(v.row, v.column)
	case final == 'J' && parameters == "":
		v.clear(v.row, v.column)
		for row := v.row + 1; row < v.height; row++ {
			v.clear(row, 0)
		}
	case final == 'J' && parameters == "2":
		v.cells = blank(v.width, v.height)
	case final == 'm':
		if parameters != "0" && parameters != "1" && parameters != "7" {
			v.colours++
		}
	case parameters == "?25" && (final == 'l' || final == 'h'):
		v.hidden = final == 'l'
	case parameters == "?1049" && final == 'h':
		v.saved, v.cells = v.cells, blank(v.width, v.height)
	case parameters == "?1049" && final == 'l':
		if v.saved != nil {
			v.cells, v.saved = v.saved, nil
		}
	default:
		v.wrong = append(v.wrong, fmt.Sprintf("unknown sequence CSI %s %c", parameters, final))
	}
}

func (v *vt) clear(row, from int) {
	for column := from; column < v.width; column++ {
		v.cells[row][column] = ' '
	}
}
