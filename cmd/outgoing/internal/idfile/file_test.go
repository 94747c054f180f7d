package idfile

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// readAll reads the IDs of a text.
func readAll(text, column string) (ids []int64, notes []string, err error) {
	from := File{
		Add:  func(id int64) error { ids = append(ids, id); return nil },
		Note: func(text string) { notes = append(notes, text) },
	}
	if column != "" {
		if from.Column, err = ParseColumn(column); err != nil {
			return nil, nil, err
		}
	}
	err = from.Read(strings.NewReader(text))
	return ids, notes, err
}

func inUTF16(text string, low int) string {
	var b strings.Builder
	for _, unit := range utf16.Encode([]rune("\ufeff" + text)) {
		pair := [2]byte{}
		pair[low], pair[1-low] = byte(unit), byte(unit>>8)
		b.Write(pair[:])
	}
	return b.String()
}

const (
	littleEndian = 0
	bigEndian    = 1
)

func TestIDsAreReadFromWhatSpreadsheetsAndShellsWrite(t *testing.T) {
	for name, test := range map[string]struct{ text, column string }{
		"one a line":                        {"43457\n43456\n", ""},
		"no newline at the end":             {"43457\n43456", ""},
		"from Windows":                      {"43457\r\n43456\r\n", ""},
		"white space":                       {"  43457 \n\t43456\n\u00a0\n", ""},
		"a byte order mark":                 {"\ufeff43457\n43456\n", ""},
		"UTF-16, as PowerShell writes it":   {inUTF16("43457\r\n43456\r\n", littleEndian), ""},
		"UTF-16, big-endian":                {inUTF16("id;Zażółć \U0001f600\r\n43457;x\r\n43456;\U0001f600\r\n", bigEndian), ""},
		"Excel's line about the separator":  {"sep=;\r\nid;name\r\n43457;Anna, M\r\n43456;\r\n", ""},
		"the same, quoted":                  {"\"sep=,\"\n43457,a;b\n43456,\n", ""},
		"the same, tab":                     {"SEP=\t\n43457\ta;b\n43456\n", ""},
		"rows that are empty":               {"id;name;\r\n43457;Anna;\r\n;;\r\n43456;;\r\n;;\r\n;;\r\n", ""},
		"quotes":                            {"\"Message ID\",\"text\"\n\"43457\",\"say \"\"hi\"\"\"\n\"43456\",\"two\nlines\"\n", ""},
		"text with another separator":       {"id;text\n43457;Hello, Anna\n43456;4, 5\n", ""},
		"without a header, text with two":   {"43457;Hello, Anna\n43456;4, 5\n", ""},
		"a semicolon in the text":           {"43457,Hello; world\n43456,x\n", ""},
		"recipients":                        {"43457,+48999000000\n43456,+48999000001\n", ""},
		"dates and prices":                  {"43457;2026-01-05 07:00;0.16;9:30\n43456;2026-01-05;0;\n", ""},
		"numbers beside a column called id": {"ID;parts;phone\n43457;1;48999000000\n43456;2;48999000001\n", ""},
		"numbers beside message_id":         {"message_id,customer_id\n43457,1\n43456,2\n", ""},
		"column by number":                  {"1,43457\n2,43456\n", "2"},
		"column by number, header":          {"nr,id\n1,43457\n2,43456\n", "2"},
		"column by title":                   {"phone2;Message ID;x\n48999000000;43457;7\n48999000001;43456;8\n", "message id"},
		"column of prices before it":        {"12,50;43457\n0,16;43456\n", "2"},
		"column with digits in its title":   {"id1,id2\n5,43457\n6,43456\n", "id2"},
		"column under two separators":       {"title; subtitle,id\na; b,43457\nc,43456\n", "id"},
		"column of one":                     {"1\t43457\n\t43456\n", "2"},
	} {
		t.Run(name, func(t *testing.T) {
			ids, _, err := readAll(test.text, test.column)
			require.NoError(t, err)
			assert.Equal(t, []int64{43457, 43456}, ids)
		})
	}
}

func TestAFileThatCanBeReadInTwoWaysIsNotGuessedAt(t *testing.T) {
	const offer = "--column NUMBER or --column TITLE"
	for name, test := range map[string]struct {
		text, want string
	}{
		"all on one line":             {"43463,43471,43479\n", `line 1: "43463" and "43471" could both be message IDs`},
		"spaces after the commas":     {"43463, 43471, 43479\n", `line 1: "43463" and "43471"`},
		"quoted, on one line":         {"\"43463\",\"43471\"\n", `line 1: "43463" and "43471"`},
		"three among single ones":     {"43456\n43457\n43463;43471;43479\n43458\n", `line 3: "43463" and "43471"`},
		"three under a header":        {"id\n43456\n43463,43471,43479\n", "line 3: it has 3 cells, and the first row has 1"},
		"prices with a decimal comma": {"12,50;43456\n", "line 1: it has ; and , as separators"},
		"a price of nothing":          {"0,0;43456\n", "line 1: it has ; and , as separators"},
		"the same in a column":        {"1;4,3456E+04\n2;4,3457E+04\n", "line 1: it has ; and , as separators"},
		"the same with a point":       {"1;4.3456E+04\n", `line 1: "1" and "4.3456E+04"`},
		"thousands":                   {"43,456\n", `line 1: "43" and "456"`},
		"grouped":                     {"1;43 456\n", `line 1: "1" and "43 456"`},
		"phone numbers first":         {"48999000000;43456\n", `line 1: "48999000000" and "43456"`},
		"a counter under a header":    {"nr,number\n1,43456\n", `line 2: "1" and "43456"`},
		"a counter beside id":         {"nr,id\n1,43456\n", `line 1: the header has "id" in column 2, and "nr" in the first`},
		"a counter beside a bad id":   {"nr;id\n1;ID43456\n", `line 1: the header has "id" in column 2`},
		"a year as a title":           {"2026;id\n43460;abc\n", "line 1: the first row has a title for the IDs, but \"2026\" stands in the first column"},
		"two IDs":                     {"id,message_id\n1,43456\n", `line 2: "1" and "43456"`},
		"names first":                 {"Anna;43456\nJan;43457\n", `line 1: "Anna" is not a message ID, but "43456" could be one`},
		"one name first":              {"Anna;43456\n", `line 1: "Anna" is not a message ID, but "43456" could be one`},
	} {
		t.Run(name, func(t *testing.T) {
			ids, _, err := readAll(test.text, "")
			require.Error(t, err)
			assert.Contains(t, err.Error(), test.want)
			if name != "three under a header" {
				assert.Contains(t, err.Error(), offer)
			}
			assert.LessOrEqual(t, len(ids), 2, "none after the bad line")
		})
	}
}

func TestAValueIsAnIDOnlyIfItIsDigitsAndNothingElse(t *testing.T) {
	for text, want := range map[string]string{
		"ID 43456\n":                    `line 1: "ID 43456" is not a message ID`,
		"O3456\n":                       `line 1: "O3456" is not a message ID`,
		"43456\n43457x\n":               `line 2: "43457x" is not a message ID`,
		"id\n\n43456\nid\n":             `line 4: "id" is not a message ID`,
		"-5\n":                          `line 1: "-5" is not`,
		"+48999000000\n":                `line 1: "+48999000000" is not`,
		"1.5e5\n":                       `line 1: column 1: "1.5e5" is not a message ID: a spreadsheet rounded it`,
		"4,3456E+04\n":                  `line 1: column 1: "4,3456E+04" is not a message ID: a spreadsheet rounded it`,
		"id\n4,3456E+04\n":              `line 2: column 1: "4,3456E+04" is not a message ID: a spreadsheet rounded it`,
		"id;x\n4,3456E+04;3\n":          `line 2: column 1: "4,3456E+04" is not a message ID: a spreadsheet rounded it`,
		"43 456\n":                      `line 1: "43 456" is not`,
		"'43456\n":                      `line 1: "'43456" is not`,
		"43456 43457\n":                 `line 1: "43456 43457" is not`,
		"\"43456,43457\"\n":             `line 1: "43456,43457" is not`,
		"43456|43457\n":                 `line 1: "43456|43457" is not`,
		"43456\r43457\r":                `line 1: "43456\r43457" is not`,
		"43456;x\n43457,43458\n":        `line 2: "43457,43458" is not`,
		"٤٣\n":                          `line 1: "٤٣" is not`,
		"0\n":                           "line 1: 0 is not a message ID: they start at 1",
		"99999999999999999999\n":        "line 1: \"99999999999999999999\" is too large",
		"43456,a\n,5\n":                 `line 2: there is no message ID, but "5" could be one`,
		"4\x003\x00\n":                  `line 1: "4\x003\x00" is not`,
		inUTF16("43456\n4", 0) + "3":    `line 2: "4�" is not`,
		"43456,\"a\nb\"\nx\n":           `line 3: "x" is not a message ID`,
		"43456\n\"43457\n":              "line 2: extraneous or missing",
		"43456,b\n43457,a\"b\"\n43458x": `line 3: "43458x" is not`,
		"id;text\n43456;\"a\n43457;b\n43458;c\"\n":       "line 2: a quoted cell has a line that looks like a row",
		"id;\"text\n43456;b\n43457;c\"\n":                "line 1: a quoted cell has a line that looks like a row",
		"sep=|\n43456\n":                                 `line 1: the separator "|" is not one of`,
		"sep=;\n43456,43457\n":                           `line 2: "43456,43457" is not`,
		"43456\n" + strings.Repeat("x", 5000):            `line 2: "` + strings.Repeat("x", 40) + `..." is not`,
		"43456\n" + strings.Repeat("x", maxRow+1):        "line 2: it is longer than 1 MiB",
		"43456\n43457,\"" + strings.Repeat("x\n", 1<<20): "line 2: it is longer than 1 MiB",
	} {
		_, _, err := readAll(text, "")
		if assert.Error(t, err, "%.60q", text) {
			assert.Contains(t, err.Error(), want, "%.60q", text)
		}
	}
}

func TestAColumnThatIsNotThereIsAnError(t *testing.T) {
	for _, test := range []struct{ text, column, want string }{
		{"nr,id\n1,43456\n", "ID2", `line 1: no column is called "ID2"; the first row is "nr", "id"`},
		{"43456\n", "id", `line 1: no column is called "id"`},
		{"id,id\n1,2\n", "id", `line 1: columns 1 and 2 are both called "id": give a number`},
		{"nr,id\n1,43456\n", "3", "line 1: there is no column 3"},
		{"nr,id\n1,43456\n2\n", "2", "line 3: there is no column 2"},
		{"name,id\nSmith, 5,43456\n", "2", "line 2: it has 3 cells, and the first row has 2"},
		{"4,3456E+04\n", "1", `line 1: column 1: "4,3456E+04" is not a message ID: a spreadsheet rounded it`},
		{"x;id\n3;4,3456E+04\n", "id", `line 2: column 2: "4,3456E+04" is not a message ID: a spreadsheet rounded it`},
		{"12,50;43456\n", "1", "line 1: it has ; and , as separators"},
	} {
		_, _, err := readAll(test.text, test.column)
		if assert.Error(t, err, test.text) {
			assert.Contains(t, err.Error(), test.want)
		}
	}
	for _, column := range []string{"0", "-1", "99999999999999999999", " "} {
		_, err := ParseColumn(column)
		assert.Error(t, err, column)
	}
}

func TestAllBadLinesAreNamedAtOnceUpToTen(t *testing.T) {
	_, _, err := readAll("43456\nx\n43457\ny\n", "")
	require.EqualError(t, err, "line 2: \"x\" is not a message ID\n  line 4: \"y\" is not a message ID")

	var text strings.Builder
	for n := range 13 {
		fmt.Fprintf(&text, "43456\nbad%d\n", n)
	}
	ids, _, err := readAll(text.String(), "")
	require.Error(t, err)
	assert.Equal(t, 10, strings.Count(err.Error(), "is not a message ID"))
	assert.Contains(t, err.Error(), "  line 20: \"bad9\" is not a message ID\n  and 3 more lines")
	assert.Len(t, ids, 1)
}

func TestAHeaderIsSaid(t *testing.T) {
	_, notes, err := readAll("\n\nname,Message ID\nAnna,43456\n", "message id")
	require.NoError(t, err)
	assert.Equal(t, []string{`line 3 is taken for a header: "Message ID"`}, notes)
}

func TestAFileThatCannotBeReadToItsEndIsAnError(t *testing.T) {
	broken := errors.New("broken pipe")
	for _, start := range []string{"", "43456\n", "43456\n434", "\xff\xfe4\x003\x00"} {
		err := File{Add: func(int64) error { return nil }}.Read(io.MultiReader(strings.NewReader(start), failing{broken}))
		require.ErrorIs(t, err, broken, "%q", start)
	}
	full := errors.New("no space left")
	require.ErrorIs(t, File{Add: func(int64) error { return full }}.Read(strings.NewReader("1\n")), full)
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// Half of the bytes, or one at a time: what comes of a pipe is the same.
func TestUTF16IsDecodedWhateverTheReadsAre(t *testing.T) {
	const text = "a\U0001f600ż\r\n"
	for low := range 2 {
		for size := 1; size < 5; size++ {
			r := decodeText(strings.NewReader(inUTF16(text, low)))
			var got []byte
			for part := make([]byte, size); ; {
				n, err := r.Read(part)
				got = append(got, part[:n]...)
				if err != nil {
					require.ErrorIs(t, err, io.EOF)
					break
				}
			}
			assert.Equal(t, text, string(got))
		}
	}
}

// terminal gives what a person typed, and then the end of it once for each Ctrl-D.
type terminal struct {
	typed string
	ends  int
}

func (r *terminal) Read(p []byte) (int, error) {
	n := copy(p, r.typed)
	r.typed = r.typed[n:]
	if n == 0 {
		r.ends++
		return 0, io.EOF
	}
	return n, nil
}

func TestOneCtrlDEndsWhatIsTyped(t *testing.T) {
	for _, typed := range []string{"", "4\n", "44447\n", "44447"} {
		r := &terminal{typed: typed}
		f := File{Add: func(int64) error { return nil }}
		_ = f.Read(r)
		assert.Equal(t, 1, r.ends, "%q", typed)
	}
}
