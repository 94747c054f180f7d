package idfile

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// readAll reads a text, and returns its IDs as a list.
func readAll(text, column string) (ids string, file File, err error) {
	file, err = Read(strings.NewReader(text), column)
	return strings.Trim(fmt.Sprint(file.IDs), "[]"), file, err
}

func inUTF16(text string, low int) string {
	var b strings.Builder
	for _, unit := range utf16.Encode([]rune(text)) {
		pair := [2]byte{}
		pair[low], pair[1-low] = byte(unit), byte(unit>>8)
		b.Write(pair[:])
	}
	return b.String()
}

func inUTF32(text string, order binary.AppendByteOrder) string {
	var b []byte
	for _, r := range text {
		b = order.AppendUint32(b, uint32(r))
	}
	return string(b)
}

const (
	littleEndian = 0
	bigEndian    = 1
)

// What is read in each of these files is 43457 and 43456, or, where it says so, something else.
var readable = []struct{ name, text, column, want string }{
	{"one a line", "43457\n43456\n", "", ""},
	{"no newline at the end", "43457\n43456", "", ""},
	{"from Windows", "43457\r\n43456\r\n", "", ""},
	{"white space around", "  43457 \n\t43456\n\u00a0\n\u202f\n", "", ""},
	{"a byte order mark", "\ufeff43457\n43456\n", "", ""},
	{"a mark and a title", "\ufeffid,name\r\n43457,\"Anna, M\"\r\n43456,\"two\r\nlines\"\r\n", "", ""},
	{"UTF-16, as PowerShell writes it", inUTF16("\ufeff43457\r\n43456\r\n", littleEndian), "", ""},
	{"UTF-16, big-endian", inUTF16("\ufeffid;Zażółć \U0001f600\r\n43457;x\r\n43456;\U0001f600\r\n", bigEndian), "", ""},
	{"UTF-16 without a mark", inUTF16("id;name\r\n43457;Żółć\r\n43456;x\r\n", littleEndian), "", ""},
	{"UTF-16 without a mark, big-endian", inUTF16("id;name\r\n43457;Żółć\r\n43456;x\r\n", bigEndian), "", ""},
	{"UTF-16 without a mark, in Polish", inUTF16("Źródło;message_id\r\nŻółć gęślą jaźń;43457\r\nŁódź;43456\r\n", littleEndian), "", ""},
	{"UTF-16 without a mark, in Polish, big-endian", inUTF16("Źródło;message_id\r\nŻółć gęślą jaźń;43457\r\nŁódź;43456\r\n", bigEndian), "", ""},
	{"UTF-16 without a mark, with long texts in Greek", inUTF16("id;text\n43457;"+strings.Repeat("Όνομα", 50)+"\n43456;"+strings.Repeat("Όνομα", 50)+"\n", littleEndian), "", ""},
	{"UTF-16 without a mark, in Greek", inUTF16("Όνομα;message_id\r\nΓιάννης;43457\r\nΜαρία;43456\r\n", littleEndian), "", ""},
	{"Windows-1250 beside the IDs", "id;name\n43457;\xafyta\n43456;B\xb9k\n", "", ""},
	{"Excel's line about the separator", "sep=;\r\nid;name\r\n43457;Anna, M\r\n43456;\r\n", "", ""},
	{"the same, quoted", "\"sep=,\"\nid,t\n43457,a;b\n43456,\n", "", ""},
	{"the same, tab", "SEP=\t\n43457\ta;b\n43456\n", "", ""},
	{"the same, with line breaks of two systems", "sep=;\r\r\nid;name\r\r\n43457;x, y\r\r\n43456;\r\r\n", "", ""},
	{"the same, a bar", "sep=|\n43457|a;b\n43456|\n", "", ""},
	{"rows that are empty, columns too", "id;name;\r\n43457;Anna;\r\n;;\r\n43456;;\r\n;;\r\n;;\r\n", "", ""},
	{"quotes", "\"Message ID\",\"text\"\n\"43457\",\"say \"\"hi\"\"\"\n\"43456\",\"two\nlines\"\n", "", ""},
	{"all quoted", "\"43457\"\n\"43456\"\n", "", ""},
	{"tabs", "43457\tAnna\n43456\t\n", "", ""},
	{"bars", "id|name\n43457|Anna; M\n43456|\n", "", ""},
	{"a title after blank lines", "\n\nid,text\n43457,x\n43456\n", "", ""},
	{"an underscore before the title", "_id\n43457\n43456\n", "", ""},
	{"text with another separator", "id;text\n43457;Hello, Anna\n43456;x, y\n", "", ""},
	{"without a title, text with two", "43457;Hello, Anna\n43456;x, y\n", "", ""},
	{"a semicolon in the text", "43457,Hello; world\n43456,x\n", "", ""},
	{"recipients", "43457,+48999000000\n43456,+48 999 000 001\n", "", ""},
	{"dates and times", "43457;2026-01-05 07:00;9:30\n43456;05.01.2026;23:59:59\n", "", ""},
	{"the only column with numbers", "Anna;43457\nJan;43456\n", "", ""},
	{"an ID in the middle", "phone;id;sent_at\n+48999000000;43457;2026-01-05 07:00:02\n+48999000001;43456;5.1.2026\n", "", ""},
	{"the title sms_id", "id,sms_id,phone\n1,43457,48999000000\n2,43456,48999000001\n", "", ""},
	{"the title message_id", "nr;message_id;parts\n1;43457;1\n2;43456;2\n", "", ""},
	{"the title Message ID", "Customer ID,Message ID\n7,43457\n8,43456\n", "", ""},
	{"the title messageId", "customerId,messageId\n7,43457\n8,43456\n", "", ""},
	{"a title in Polish", "lp.;ID wiadomości;cena\n1;43457;0,16\n2;43456;0,07\n", "", ""},
	{"the title id_sms", "id_sms;id_klienta\n43457;1\n43456;2\n", "", ""},
	{"the title SMS-ID", "SMS-ID;n\n43457;5\n43456;6\n", "", ""},
	{"pandas with its index", ",message_id\n0,43457\n1,43456\n", "", ""},
	{"years as titles", "message_id;2025;2026\n43457;1;2\n43456;1;2\n", "", ""},
	{"the only column is called sms", "sms\n43457\n43456\n", "", ""},
	{"own messages", "id,cid,type,recipient,status_code,price\n43457,17,1,+48999000000,SENT,0.16\n43456,18,1,+48999000000,SENT,0.16\n", "", ""},
	{"own outcomes", "id,state,status,status_code,reason\n43457,cancelled,204,,\n43456,rejected,400,SENT,too late\n", "", ""},
	{"own excel", "\ufeffid;cid;type;parts;status_code\r\n43457;;1;2;SENT\r\n43456;7;1;2;SENT\r\n", "", ""},
	{"own JSON", "[\n  {\"id\":43457,\"status_code\":\"SENT\",\"cid\":\"9\"},\n  {\"id\":43456,\"state\":\"missing\"}\n]\n", "", ""},
	{"own JSON Lines", "{\"id\":43457,\"state\":\"cancelled\",\"status\":204,\"error\":null}\n{\"id\":43456,\"state\":\"unknown\",\"message\":{\"id\":1}}\n", "", ""},
	{"own JSON, with jq's line breaks", "\ufeff[\n {\n  \"id\": 43457,\n  \"status_code\": \"SENT\"\n },\n {\"status_code\":\"\",\"id\":43456}\n]", "", ""},
	{"own JSON, none", "[]\n", "", "none"},
	{"column by number", "1,43457\n2,43456\n", "2", ""},
	{"column by number under a title", "nr,id\n1,43457\n2,43456\n", "2", ""},
	{"column by title", "phone2;Message ID;x\n48999000000;43457;7\n48999000001;43456;8\n", "message id", ""},
	{"column against its title", "id,number\n1,43457\n2,43456\n", "number", ""},
	{"column of prices before it", "12,50;43457\n0,16;43456\n", "2", ""},
	{"column with digits in its title", "id1,id2\n5,43457\n6,43456\n", "id2", ""},
	{"column under two separators", "title; subtitle,id\na; b,43457\nc,43456\n", "id", ""},
	{"column after an empty cell", "1\t43457\n\t43456\n", "2", ""},
	{"column and odd numbers beside it", "nr;id\n\"1,23,456\";43457\n4E+04;43456\n", "2", ""},
	{"a last column that some rows do not have", "name;id;note\nAnna;43457\nJan;43456;x\n", "", ""},
	{"Windows-1250 below UTF-8", "ID wiadomości;tel\n43457;B\xb9k\n43456;2\n", "", ""},
	{"Windows-1250 in the titles", "ID wiadomo\x9cci;tel\n43457;1\n43456;2\n", "", ""},
	{"Windows-1250 in the titles, by title", "Nr;Numer wiadomo\x9cci\n1;43457\n2;43456\n", "numer wiadomości", ""},
	{"units", "sms_id;n;unit\n43457;1;sztuk\n43456;1;sztuk\n1;1;sztuk\n", "", "43457 43456 1"},
	{"a last row without a note that others lack, too", "sms_id;name;note\n1;Anna;\n43457;Anna;x\n43456;Jan;\n", "", "1 43457 43456"},
	{"a last row with a status alone", "sms_id;name;status\n1;Anna;SENT\n43457;Anna;SENT\n43456;;SENT\n", "", "1 43457 43456"},
	{"people who are called as totals are", "kto;sms_id;tel\nJan;1;+48999000000\nLiczba;43457;+48999000001\nMax;43456;+48999000002\nEwa;2;+48999000002\n", "", "1 43457 43456 2"},
	{"people with a first name", "kto;sms_id\nJan Suma;43457\nMax Liczba;43456\n", "", ""},
	{"sentences", "sms_id;text\n43457;Razem, czy osobno?\n43456;Suma: 20 zł, dziękujemy!\n", "", ""},
	{"a cell that was emptied, since it looked like a total", "kto;sms_id\nJan;43457\n;43456\nEwa;1\n", "", "43457 43456 1"},
	{"many rows without what those above have", "note;sms_id\nx;1\ny;2\n" + strings.Repeat(";3\n", 11), "", "1 2" + strings.Repeat(" 3", 11)},
	{"small numbers", "1\n2\n4\n3\n", "", "1 2 4 3"},
	{"prices with a decimal comma, quoted", "sms_id,price\n43457,\"0,16\"\n43456,\"0,07\"\n", "", ""},
	{"two columns of one row, by number", "48999000000;43456", "2", "43456"},
	{"a title with numbers alone", "ID wiadomości;43456;43457\n", "", "none"},
	{"nothing", "", "", "none"},
	{"a title alone", "id\n", "", "none"},
	{"blank rows", "\n;;\n \n", "", "none"},
	{"noughts before", "00043457\n0043456\n", "", ""},
	{"the largest", "9223372036854775807\n", "", "9223372036854775807"},
}

func TestIDsAreReadWhereNothingElseCanBeMeant(t *testing.T) {
	for _, test := range readable {
		t.Run(test.name, func(t *testing.T) {
			ids, _, err := readAll(test.text, test.column)
			require.NoError(t, err)
			want := map[string]string{"": "43457 43456", "none": ""}
			if w, ok := want[test.want]; ok {
				test.want = w
			}
			assert.Equal(t, test.want, ids)
		})
	}
}

const (
	ownLine       = "put each on a line of its own"
	oneOrTwo      = "--column 1 or --column 2"
	lossless43471 = "no digit of it is lost if it means 43471"
)

// What is said of each of these files; nothing in them is taken for an ID.
var refused = []struct {
	name, text string
	want       []string
}{
	// Another column may hold the IDs.
	{"all on one line", "43463,43471,43479\n", []string{`line 1: "43463" and "43471" could both be message IDs`, ownLine}},
	{"spaces after the commas", "43463, 43471, 43479\n", []string{`line 1: "43463" and "43471"`}},
	{"quoted, on one line", "\"43463\",\"43471\"\n", []string{`line 1: "43463" and "43471"`}},
	{"three among single ones", "43456\n43457\n43463;43471;43479\n43458\n", []string{`line 3: "43463" and "43471"`}},
	{"three under a title", "id\n43456\n43463,43471,43479\n", []string{`line 3: "43463" and "43471"`}},
	{"prices with a decimal comma", "12,50;43456\n", []string{`line 1: "12,50" and "43456"`}},
	{"grouped by commas", "43,456\n", []string{`line 1: "43" and "456"`}},
	{"phone numbers without a plus", "48999000000;43456\n", []string{`line 1: "48999000000" and "43456"`}},
	{"a price", "43456;0.16\n", []string{`line 1: "43456" and "0.16"`}},
	{"a number with a plus", "43463;+43471\n", []string{`"43463" and "+43471"`}},
	{"a number that looks like a date", "43463;43.45.6789\n", []string{`"43463" and "43.45.6789"`}},
	{"the IDs change their column", "43463;x\nx;43471\n", []string{`line 2: "x" is not a message ID, but "43471" could be one`, oneOrTwo}},
	{"the second column, from line 3 on", "43463;\n43464;\n;43471\n", []string{`line 3: there is no message ID, but "43471" could be one`}},

	// So it may if something changed it.
	{"grouped", "No,Msg\n43463,\"43,471\"\n", []string{"line 1: no title", `--column 1 ("No") or --column 2 ("Msg")`}},
	{"grouped as in India", "43463,\"1,23,456\"\n", []string{`line 1: "43463" and "1,23,456"`}},
	{"grouped as in Switzerland", "43463,43’456\n", []string{`"43463" and "43’456"`}},
	{"grouped with another apostrophe", "43463,43ʼ456\n", []string{`"43463" and "43ʼ456"`}},
	{"grouped by spaces", "43463;43 456\n", []string{`"43463" and "43 456"`}},
	{"grouped by narrow spaces", "43463;43\u202f456\n", []string{`"43463" and "43\u202f456"`}},
	{"grouped in Arabic", "43463;٤٣٬٤٧١\n", []string{`"43463" and`}},
	{"grouped by fours", "43463;1_2345_6789\n", []string{`"43463" and`}},
	{"decimal noughts", "43463,43456.00\n", []string{`"43463" and "43456.00"`}},
	{"a decimal comma", "43463;43456,0\n", []string{`"43463" and "43456,0"`}},
	{"a decimal comma, tab", "43463\t43456,0\n", []string{`"43463" and "43456,0"`}},
	{"as pandas writes it", "43463,43456.0\n", []string{`"43463" and "43456.0"`}},
	{"a zero-width space", "43463;43456\u200b\n", []string{`"43463" and "43456\u200b"`}},
	{"a soft hyphen", "43463;43\u00ad456\n", []string{`"43463" and "43\u00ad456"`}},
	{"a mark of direction", "43463;\u200e43456\n", []string{`"43463" and`}},
	{"an invisible letter", "43463;43456\u3164\n", []string{`"43463" and`}},
	{"a hash", "43463;#43456\n", []string{`"43463" and "#43456"`}},
	{"the sign for number", "43463;№ 43456\n", []string{`"43463" and "№ 43456"`}},
	{"an apostrophe", "43463;'43456\n", []string{`"43463" and "'43456"`}},
	{"Arabic digits", "43463;٤٣٤٥٦\n", []string{`"43463" and "٤٣٤٥٦"`}},
	{"full-width digits", "43463;４３４５６\n", []string{`"43463" and "４３４５６"`}},
	{"digits of mathematics", "43463;𝟒𝟑𝟒𝟓𝟔\n", []string{`"43463" and`}},
	{"circled digits", "43463;④③④\n", []string{`"43463" and`}},
	{"rounded", "1;4.3456E+04\n", []string{`line 1: "1" and "4.3456E+04"`}},
	{"rounded, with a comma", "1;4,3456E+04\n2;4,3457E+04\n", []string{`line 1: "1" and "4,3456E+04"`}},
	{"two separators", "12;43456,Anna\n", []string{"line 1: it can be read in two ways"}},
	{"two separators, text first", "Anna;43456,x|7\n", []string{"line 1:"}},
	{"in brackets", "43463;(43456)\n", []string{`"43463" and "(43456)"`}},
	{"negative", "43463;-43456\n", []string{`"43463" and "-43456"`}},
	{"as a formula", "43463;=43456\n", []string{`"43463" and "=43456"`}},
	{"several in one cell", "43463;43456/43457\n", []string{`"43463" and`}},

	// A decimal comma.
	{"rounded, comma", "4,3456E+04\n4,3457E+04\n", []string{`line 1: "4,3456E+04" is not a message ID: a spreadsheet rounded it`}},
	{"rounded under a title", "ID wiadomości\n4,3456E+04\n", []string{`line 2: "4,3456E+04" is not a message ID: a spreadsheet rounded it`}},
	{"rounded under two titles", "ID wiadomości,x\n4,4456e4\n", []string{`line 2: "4,4456e4" is not a message ID: a spreadsheet rounded it`}},
	{"rounded behind a name", "name,sms_id\nAnna,4,4456E+04\n", []string{`line 2: "4,4456E+04" is not a message ID: a spreadsheet rounded it`}},
	{"noughts under a title", "ID wiadomości\n43456,00\n", []string{"line 2: it has 2 cells"}},

	{"shifted by a price", "price,sms_id,\n0,16,43456,\n", []string{"line 2: it has 4 cells"}},

	// Several on one line.
	{"on one line under a title", "id\n43456,43457,43458\n", []string{`line 2: "43456" and "43457"`, ownLine}},
	{"on one line after a title", "id;43456;43457\n", []string{"line 1: ", `--column 1 ("id") or --column 2 ("43456")`}},
	{"three columns of numbers", "1,2,43456\n1,3,43457\n", []string{"--column 1 or --column 2 or --column 3"}},

	// Lines above the titles.
	{"a line above the titles", "Kampania wiosna 2026\nID wiadomości;to\n43456;x\n", []string{`line 1: "Kampania wiosna 2026" is not`, "stands above titles", "line 2: "}},
	{"lines above the titles, filled up", ";;\nKampania;;\nod;maja;\nLp.;Message ID;to\n1;43456;48999000000\n", []string{"line 2: no title in the first row"}},
	{"a line that looks like a title", "Raport wiadomości\nLp.,ID wiadomości\n1,43456\n", []string{"line 2:", "it has 2 cells, and the first row, where titles must be, has 1"}},
	{"a line above rows", "Kampania 2026\nAnna;43456\nJan;43457\n", []string{`line 1: "Kampania 2026" is not`, "stands above titles"}},
	{"a year above the titles", "Kampania;2026;\nID wiadomości;to;x\n43456;x;y\n", []string{`line 2: "to" is not`}},
	{"another bad line under a title", "id\n43456;x\n43457x;y\n", []string{`line 3: "43457x" is not`}},
	{"titles again", "name;id\nx;43456\nname;ID\ny;43457\n", []string{`line 3: "ID" is not a message ID: the line repeats the titles`}},

	// Titles.
	{"a counter under a title", "nr,number\n1,43456\n", []string{"line 1: no title", `--column 1 ("nr") or --column 2 ("number")`}},
	{"a counter and phone numbers", "Lp.;telefon\n1;+48999000000\n", []string{"no title", `--column 1 ("Lp.")`}},
	{"a counter beside id", "nr,id\n1,43456\n", []string{`line 2: "1" and "43456"`, `--column 1 ("nr") or --column 2 ("id")`}},
	{"a counter beside a bad id", "nr;id\n1;ID43456\n", []string{`line 2: "ID43456" is not a message ID, but "1" could be one`}},
	{"a phone number beside id", "id,phone\n43456,48999000000\n", []string{`line 2: "43456" and "48999000000"`, `--column 1 ("id")`}},
	{"id and a title that speaks of messages", "id,external message ref\n1,AB-43456\n", []string{"line 1: the titles leave open", `--column 1 ("id") or --column 2 ("external message ref")`}},
	{"two titles for IDs", "sms_id,message_id\n1,43456\n", []string{"line 1: several titles fit", `--column 1 ("sms_id") or --column 2 ("message_id")`}},
	{"id twice", "id;id\n1;43456\n", []string{"leave open"}},
	{"a bad ID under a good title", "id,sms_id\n1,43456.0\n", []string{`line 2: "43456.0" is not a message ID`, "if it means 43456"}},
	{"a year as a title", "2026;id\n43460;abc\n", []string{"line 1: ", `--column 1 ("2026") or --column 2 ("id")`}},
	{"another title", "customer\n43456\n", []string{`line 1: "customer" is not a message ID`, "--column 1"}},
	{"part of own titles", "id,cid,parts\n43456,17,1\n", []string{`line 2: "43456" and "17"`}},
	{"own titles and another", "id,status_code,gateway_ref\n1,SENT,43456\n", []string{`line 2: "1" and "43456"`}},

	{"Windows-1250 beside a zero-width space", "1;43456\u200b;B\xb9k\n", []string{`"1" and "43456\u200b"`}},

	// Not an ID.
	{"letters", "ID 43456\n", []string{`line 1: "ID 43456" is not a message ID`}},
	{"a letter for a nought", "O3456\n", []string{`line 1: "O3456" is not a message ID`}},
	{"a letter after", "43456\n43457x\n", []string{`line 2: "43457x" is not a message ID`}},
	{"a title again", "id\n\n43456\nid\n", []string{`line 4: "id" is not a message ID`}},
	{"a comment", "# of May\n43456\n", []string{`line 1: "# of May" is not a message ID`}},
	{"a comment behind", "43456 # Anna\n", []string{`line 1: "43456 # Anna" is not a message ID`}},
	{"less than 1", "-5\n0\n", []string{"line 1: -5 is not a message ID: they start at 1", "line 2: 0 is not a message ID: they start at 1"}},
	{"a phone number", "+48999000000\n", []string{`line 1: "+48999000000" is not`}},
	{"rounded, alone", "1.5e5\n", []string{`line 1: "1.5e5" is not a message ID: a spreadsheet rounded it`}},
	{"rounded, two cells", "4,3456E+04\n", []string{`line 1: "4,3456E+04" is not a message ID: a spreadsheet rounded it`}},
	{"three decimals", "43456.000\n", []string{`line 1: "43456.000" is not a message ID`}},
	{"a price alone", "0.16\n", []string{`line 1: "0.16" is not a message ID`}},
	{"two on a line", "43456 43457\n", []string{`line 1: "43456 43457" is not`}},
	{"two in quotes", "\"43456,43457\"\n", []string{`line 1: "43456,43457" is not`}},
	{"another separator later", "43456;x\n43457,43458\n", []string{`line 2: "43457,43458" is not`}},
	{"too large", "99999999999999999999\n", []string{`line 1: "99999999999999999999" is too large`}},
	{"none in a row", "43456,a\n,\"x\"\n", []string{"line 2: there is no message ID"}},
	{"a NUL", "43456\n4\x003456\n", []string{`line 2: "4\x003456" is not a message ID`}},
	{"half of a character", inUTF16("\ufeff43456\n4", littleEndian) + "3", []string{`line 2: "4�" is not`}},
	{"a carriage return inside", "43456\n43\r457\n", []string{`line 2: "43\r457" is not`}},
	{"a table of psql", " id  | name\n-----+---\n 43463 | x\n", []string{"line 2: \"-----+---\""}},
	{"a table of Markdown", "| id | name |\n|----|------|\n| 43463 | x |\n", []string{`line 2: "----"`}},
	{"YAML", "- 43463\n- 43471\n", []string{`line 1: "- 43463"`}},
	{"as Excel keeps texts", "=\"43463\"\n", []string{"line 1: bare"}},
	{"a report's title before", "Zestawienie\n\nid;tel\n43463;x\n", []string{`line 1: "Zestawienie"`}},
	{"a phone number without its plus", "ID,Phone\n43463,+48999000000\n43464,48999000000\n", []string{`line 3: "43464" and "48999000000"`}},
	{"a date as a number", "id,date\n43463,2026-01-05\n43464,46027\n", []string{`line 3: "43464" and "46027"`}},
	{"two files in one", "id;x\n43463;a\nid;x\n43471;b\n", []string{`line 3: "id" is not`}},
	{"the end of a DOS file", "43463\n\x1a", []string{"line 2"}},
	{"a prefix before a good title", "parent_message_id,id\n43463,43471\n", []string{"leave open"}},
	{"pandas with its index", ",id\n0,43463\n", []string{`line 2: "0" and "43463"`}},
	{"too many cells before it", "name,id\nSmith, J,43456\n", []string{"line 2:", `"J"`}},
	{"a total", "id;name\n43456;x\n43457;Razem:\n", []string{`line 3: "Razem:": it looks like a total`}},
	{"a total, at the front", "name;message_id\nx;43456\nTOTAL;43456\n", []string{`line 3: "TOTAL": it looks like a total`}},
	{"a total, as Excel's pivot tables have it", "nazwa;id\nx;43456\nSuma końcowa;43456\n", []string{`line 3: "Suma końcowa": it looks like a total`}},
	{"a total without an ID", "sms_id;name;price\n43456;x;1\n;Razem;1\n", []string{`line 3: "Razem": it looks like a total`}},
	{"subtotals", "group;id\nA;43456\nA;43457\nA Licznik;2\nB;43458\n", []string{`line 4: "A Licznik": it looks like a total`}},
	{"a count above titles again", "sms_id;to\n43456;x\n43457;x\n2;\nsms_id;to\n43458;x\n", []string{"line 4: 2 stands without", "line 5: \"sms_id\" is not"}},
	{"a count", "name;message_id\nx;43456\ny;43457\nCount of rows:;2\n", []string{`line 4: "Count of rows:": it looks like a total`}},
	{"a count in Polish", "Anna;43456\nLiczba wiadomości;1\n", []string{`line 2: "Liczba wiadomości": it looks like a total`}},
	{"a count with its unit", "43456;x\n43457;y\n2;sztuk\n", []string{`line 3: "sztuk": it looks like a total`}},
	{"a count in the middle", "id;name;to\n43456;x;y\n43457;x;y\n2;Ilość;\n43458;x;y\n", []string{`line 4: "Ilość": it looks like a total`}},
	{"a grand total", "id;name\n43456;x\n43457;Grand total\n", []string{`line 3: "Grand total": it looks like a total`}},
	{"a count among people", "kto;message_id\nJan;43456\nLiczba;43471\nEwa;43463\n", []string{`line 3: "Liczba": it looks like a total`, "take the line out", "empty this cell"}},
	{"several counts", "kto;message_id\nJan;43456\nLiczba;1\nEwa;43463\nLiczba;1\n", []string{"line 3: ", "line 5: "}},
	{"statistics", "kto;message_id\nJan;43456\nLiczba;2\nOdchylenie standardowe;88\n", []string{"line 3: ", "line 4: "}},
	{"totals on top", "kto;message_id\nLiczba;2\nLicznik z message_id;3\nJan;43456\n", []string{"line 2: ", "line 3: "}},
	{"totals on top, without a title", "Liczba;2\nJan;43456\n", []string{`line 1: "Liczba"`}},
	{"a subtotal with a dash", "kto;message_id\nJan;43456\nEwa;43456\nJan - suma;2\nEla;43457\n", []string{`line 4: "Jan - suma"`}},
	{"a count of two columns", "kto;sms_id;tel\nJan;43456;+48999000000\nLiczba;1;\nEwa;43463;+48999000001\n", []string{`line 3: "Liczba"`}},
	{"a count with a sum of prices", "kto;sms_id;cena\nJan;43456;0,16\nLiczba z sms_id;1;0,16\nEwa;43463;0,07\n", []string{`line 3: "Liczba z sms_id"`}},
	{"several counts without a word", "name;ID wiadomości\nx;43456\ny;43457\n;2\n;88\n", []string{"line 4: 2 stands", "line 5: 88 stands"}},
	{"a count without a word", "name;ID wiadomości\nx;43456\ny;43457\n;2\n", []string{"line 4: 2 stands without what"}},
	{"a count and a sum of prices", "sms_id;to;price\n43456;+48999000000;0,16\n43457;+48999000001;0,07\n10;;0,23\n", []string{"line 4: 10"}},
	{"a count below phone numbers", "sms_id;to\n43456;48999000000\n43457;48999000001\n10\n", []string{"line 4: 10"}},

	// Nothing is lost.
	{"noughts, alone", "43471.0\n43472,00\n", []string{`line 1: "43471.0" is not a message ID`, lossless43471}},
	{"grouped, alone", "\"43,471\"\n", []string{lossless43471, "spreadsheet"}},
	{"spaces, alone", "43 471\n", []string{lossless43471}},
	{"invisible, alone", "43471\u200b\n", []string{lossless43471}},
	{"hash, alone", "#43471\n", []string{lossless43471}},
	{"Arabic, alone", "٤٣٬٤٧١\n", []string{lossless43471}},
	{"in curly quotes", "“43471”\n", []string{lossless43471}},
	{"a mark in the middle", "43456\n\ufeff43471\n", []string{"line 2", lossless43471}},
	{"grouped and noughts", "\"1,234,567.00\"\n", []string{"if it means 1234567"}},
	{"points and a comma", "1.234.567,00\n43\n", []string{"line 1"}},

	// Quotes and separators.
	{"a quotation mark without an end", "43456\n\"43457\n", []string{"line 2: extraneous or missing"}},
	{"a quotation mark inside", "43456,b\n43457,a\"b\"\n43458x", []string{"line 2: bare", `line 3: "43458x" is not`}},
	{"rows in a quoted cell", "id;text\n43456;\"a\n43457;b\n43458;c\"\n", []string{"line 2: a quoted cell has a line that looks like a row"}},
	{"rows in a quoted title", "id;\"text\n43456;b\n43457;c\"\n", []string{"line 1: a quoted cell has a line that looks like a row"}},
	{"an unknown separator", "sep=:\n43456\n", []string{`line 1: "sep=:" is not a message ID`}},
	{"a long cell", "43456\n" + strings.Repeat("x", 5000), []string{`line 2: "` + strings.Repeat("x", 40) + `..." is not`}},
	{"a row without an end", "43456\n43457,\"" + strings.Repeat("x\n", 1<<20), []string{"line 2: it is longer than 1 MiB"}},
	{"a line without an end", "43456\n" + strings.Repeat("x", 2*maxRow), []string{"line 2: it is longer than 1 MiB"}},

	// Not a list of IDs at all.
	{"xlsx", "PK\x03\x04\x14\x00\x06\x00[Content_Types].xml\x00", []string{"it is an Excel workbook (.xlsx)", "save it as CSV", "only the sheet in view"}},
	{"zip", "PK\x03\x04\x14\x00ids.csv", []string{"ZIP"}},
	{"xls", "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", []string{"(.xls)"}},
	{"xls with NUL bytes", "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + strings.Repeat("\x00", 500), []string{"(.xls)"}},
	{"zip with a carriage return", "PK\x03\x04\x14\x00\r\x00\x00\x00\x00\x00\x00", []string{"ZIP"}},
	{"gzip", "\x1f\x8b\x08\x00", []string{"gzip", "gunzip -c"}},
	{"UTF-32", inUTF32("id;name\n43457;Żółć\n", binary.LittleEndian), []string{"it is UTF-32", "save it as UTF-8"}},
	{"UTF-32 with a mark", inUTF32("\ufeffŹródło;message_id\n1;43456\n", binary.LittleEndian), []string{"it is UTF-32"}},
	{"UTF-32, big-endian", inUTF32("id;name\n43457;Żółć\n", binary.BigEndian), []string{"it is UTF-32"}},
	{"UTF-32 with a mark, big-endian", inUTF32("\ufeff43457\n", binary.BigEndian), []string{"it is UTF-32"}},
	{"from an old Mac", "name;id\rJan;43457\rEwa;43456\r", []string{"carriage returns"}},
	{"xz", "\xfd7zXZ\x00", []string{"line 1: "}},
	{"PDF", "%PDF-1.7\n", []string{"PDF"}},
	{"HTML", "\n<html><table><tr><td>43456", []string{"HTML"}},
	{"HTML in UTF-16", inUTF16("\ufeff<table><td>43456", littleEndian), []string{"HTML"}},
	{"XML", "\ufeff<?xml version=\"1.0\"?>", []string{"XML"}},
	{"RTF", `{\rtf1 43456}`, []string{"it is not JSON"}},
	{"JSON of others", `[{"message_id":43456}]`, []string{"it is JSON, but not what", "jq"}},
	{"JSON with a member that is not ours", `[{"id":1,"status_code":"SENT","sms_id":43456}]`, []string{"it is JSON, but not what"}},
	{"JSON without a state", `{"id":43456}`, []string{"it is JSON, but not what"}},
	{"JSON numbers", "[43456,43457]", []string{"it is JSON, but not what"}},
	{"JSON that is cut off", "[{\"id\":43456,\"state\":\"found\"},\n", []string{"object 2: it is not JSON"}},
	{"JSON with a text as the ID", `{"id":"43456","state":"found"}`, []string{"object 1:", "is not a message ID"}},
	{"JSON with a fraction", `{"id":43456.0,"state":"found"}`, []string{"object 1:", "is not a message ID"}},
	{"JSON without an ID", `{"id":null,"state":"found"}`, []string{"object 1:"}},
	{"JSON with an ID twice", `{"id":1,"id":43456,"state":"found"}`, []string{"object 1:", "duplicate"}},
	{"own table", "ID          STATUS      TYPE\n43456       SENT        SMS PRO\n", []string{"the table that this command prints", "--format jsonl"}},
	{"own table of a cancel", "ID          STATE      STATUS  REASON\n", []string{"the table that this command prints"}},
}

func TestAFileThatCouldMeanSomethingElseIsRefused(t *testing.T) {
	for _, test := range refused {
		t.Run(test.name, func(t *testing.T) {
			_, file, err := readAll(test.text, "")
			require.Error(t, err, "%v", file.IDs)
			assert.Empty(t, file.IDs)
			for _, want := range test.want {
				assert.Contains(t, err.Error(), want)
			}
		})
	}
}

// Wherever such a row stands.
func TestARowOfTotalsIsRefused(t *testing.T) {
	for _, label := range []string{
		"Liczba", "Licznik", "Liczba z message_id", "Suma z message_id", "Licznik z ID wiadomości", "Średnia z message_id", "Razem wszystkich SMS",
		"Minimum", "Maksimum", "W sumie", "Do zapłaty", "Wynik", "Σ", "∑", "Całkowita suma", "Całkowity licznik", "Licznik Jan", "RAZEM SMS",
		"Suma końcowa kampanii", "Odchylenie standardowe", "Sum", "Total", "Count", "Grand Total", "Average", "Max", "Min", "Count of id", "Max of id",
		"Sub-total", "Subtotal", "COUNT(*)", "sum(message_id)", "max_z_message_id", "Razem:", "Liczba = ", "Suma (sztuk)", "Łącznie wiadomości",
	} {
		for _, rows := range []string{"%s;2\nJan;43456\nEwa;43457\n", "Jan;43456\n%s;2\nEwa;43457\n", "Jan;43456\nEwa;43457\n%s;2\n"} {
			for _, title := range []string{"kto;message_id\n", ""} {
				_, file, err := readAll(title+fmt.Sprintf(rows, label), "")
				assert.ErrorContains(t, err, "looks like a total", "%s in %q gives %v", label, rows, file.IDs)
			}
		}
	}
}

func TestAColumnThatIsNotThereIsAnError(t *testing.T) {
	for _, test := range []struct{ text, column, want string }{
		{"nr,id\n1,43456\n", "ID2", `line 1: no column is called "ID2"`},
		{"43456\n", "id", `line 1: no column is called "id"`},
		{"id,id\n1,2\n", "id", `--column 1 ("id") or --column 2 ("id")`},
		{"nr,id\n1,43456\n", "3", "line 1: there is no column 3"},
		{"nr,id\n1,43456\n2\n", "2", "line 3: there is no column 2"},
		{"name,id\nSmith, 5,43456\n", "2", "line 2: it has 3 cells"},
		{"x;id\n3;4,3456E+04\n", "id", `line 2: "4,3456E+04" is not a message ID: a spreadsheet rounded it`},
		{"4,3456E+04\n4,3457E+04\n", "1", `line 1: "4,3456E+04" is not a message ID: a spreadsheet rounded it`},
		{"Kampania\nNr;ID\n1;43456\n", "2", "line 1: there is no column 2"},
		{"Kampania\nNr;ID\n1;43456\n", "ID", `line 1: no column is called "ID"`},
		{"12,50;43456\n", "1", `line 1: "12,50" is not a message ID`},
		{"No,Msg\n43463,\"43,471\"\n", "2", `line 2: "43,471" is not a message ID`},
		{`{"id":43456,"state":"found"}`, "1", "it is JSON, which has no columns"},
	} {
		_, file, err := readAll(test.text, test.column)
		if assert.Error(t, err, test.text) {
			assert.Contains(t, err.Error(), test.want)
		}
		assert.Empty(t, file.IDs)
	}
	for _, column := range []string{"0", "-1", "99999999999999999999", " "} {
		_, _, err := readAll("1;43456\n", column)
		assert.Error(t, err, column)
	}
}

// What would join several IDs to one, or make an ID of what is left of one, is not advised.
func TestTheAdviceHarmsNoID(t *testing.T) {
	const formatted, above = "save the file again", "take out the lines above"
	for _, test := range []struct{ text, column, want string }{
		{"43471.0\n", "", formatted},
		{"43 471\n", "", formatted},
		{"43456 43457 43458\n", "", ownLine},
		{"4345 4346\n", "", ownLine},
		{"\"43456, 43457\"\n", "", "--column"},
		{"43456/43457\n", "", ownLine},
		{"43471.0\n43456 43457\n", "", ownLine},
		{"4.3456E+04\n", "", "digits may be lost"},
		{"43471.0\n4.3456E+04\n", "", "digits may be lost"},
		{"id\n43471.0\n4.3456E+04\n", "", "digits may be lost"},
		{"Raport kampanii;;\n;;\nmessage_id;telefon;x\n43456;600;a\n", "message_id", above},
		{"Raport kampanii;;\n;;\nmessage_id;telefon;x\n43456;600;a\n", "1", above},
		{"Raport\nid\n43456\n", "1", above},
	} {
		_, _, err := readAll(test.text, test.column)
		require.ErrorContains(t, err, test.want, test.text)
		assert.Equal(t, test.want == formatted, strings.Contains(err.Error(), "save"), err)
	}
}

// Whatever is put into a number, another column is never the only one with numbers.
func TestNoNotationOfANumberHidesIt(t *testing.T) {
	for _, in := range []string{" ", "\u00a0", "\u202f", "\u2009", "\u200b", "\u2060", "\ufeff", "\u00ad", "\u061c", "\U000e0041", "'", "’", "ʼ", "`", ",", ".", "٬", "_", "·", "\"", "\u034f", "\u115f"} {
		for _, cell := range []string{in + "43471", "43471" + in, "43" + in + "471", "1" + in + "23" + in + "456", "43471.0" + in} {
			quoted := `"` + strings.ReplaceAll(cell, `"`, `""`) + `"`
			for _, text := range []string{"1;" + quoted, quoted + ";1", "nr;id\n1;" + quoted, "1\t" + quoted, "Anna;1;" + quoted} {
				_, file, err := readAll(text+"\n", "")
				assert.Error(t, err, "%q gives %v", text, file.IDs)
			}
		}
	}
}

func TestAllBadLinesAreNamedAtOnceUpToTen(t *testing.T) {
	_, _, err := readAll("43456\nx\n43457\ny\n", "")
	require.EqualError(t, err, "line 2: \"x\" is not a message ID\n  line 4: \"y\" is not a message ID")

	var text strings.Builder
	for n := range 13 {
		fmt.Fprintf(&text, "43456\nbad%d\n", n)
	}
	_, file, err := readAll(text.String(), "")
	require.Error(t, err)
	assert.Equal(t, 10, strings.Count(err.Error(), "is not a message ID"))
	assert.Contains(t, err.Error(), "  line 20: \"bad9\" is not a message ID\n  and 3 more lines")
	assert.Empty(t, file.IDs)
}

func TestAColumnThatNoRowHasIsSaidOnce(t *testing.T) {
	_, _, err := readAll("nr;id\n1;43456\n2;43457\n", "9")
	require.EqualError(t, err, "line 1: there is no column 9")
}

// Whatever comes before it, and however it is read.
func TestWindows1250IsRead(t *testing.T) {
	for _, before := range []string{"id;name\n43456;B\xb9k\n", "id;name\n43456;x\n", "id;x\n" + strings.Repeat("43456;x\n", 20_000)} {
		for text, want := range map[string]string{"43456;Og\xf3\xb3em\n": `"Ogółem": it looks like a total`, "43\xa0471;x\n": lossless43471} {
			for _, r := range []io.Reader{strings.NewReader(before + text), oneByte{strings.NewReader(before + text)}} {
				_, err := Read(r, "")
				if want != "" && assert.Error(t, err) {
					assert.Contains(t, err.Error(), want)
				}
			}
		}
	}
}

func TestAHeaderAndAColumnAreSaid(t *testing.T) {
	_, file, err := readAll("\n\nname,Message ID\nAnna,43456\n", "")
	require.NoError(t, err)
	assert.Equal(t, `line 3 is taken for a header: "Message ID"`, file.Note)
	assert.Equal(t, `column 2 ("Message ID")`, file.Column)

	_, file, err = readAll("Anna;43456\n", "")
	require.NoError(t, err)
	assert.Empty(t, file.Note)
	assert.Equal(t, "column 2", file.Column)

	_, file, err = readAll("43456\n", "")
	require.NoError(t, err)
	assert.Empty(t, file.Column)
}

func TestAFileThatCannotBeReadToItsEndIsAnError(t *testing.T) {
	broken := errors.New("broken pipe")
	for _, start := range []string{"", "43456\n", "43456\n434", "\xff\xfe4\x003\x00", strings.Repeat("43456\n", 50_000), "[{"} {
		file, err := Read(io.MultiReader(strings.NewReader(start), failing{broken}), "")
		require.ErrorIs(t, err, broken, "%.20q", start)
		assert.Empty(t, file.IDs)
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func TestALongFileIsReadWhateverTheReadsAre(t *testing.T) {
	var text strings.Builder
	for id := range 20_000 {
		fmt.Fprintf(&text, "%d;Żółć\n", 1+id)
	}
	for name, r := range map[string]io.Reader{
		"UTF-8": strings.NewReader(text.String()), "UTF-16": strings.NewReader(inUTF16(text.String(), littleEndian)),
		"one byte at a time": oneByte{strings.NewReader(text.String())},
	} {
		file, err := Read(r, "")
		require.NoError(t, err, name)
		require.Len(t, file.IDs, 20_000, name)
		assert.Equal(t, int64(20_000), file.IDs[19_999], name)
	}
}

type oneByte struct{ r io.Reader }

func (o oneByte) Read(p []byte) (int, error) { return o.r.Read(p[:1]) }

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
	for _, typed := range []string{"", "4\n", "44447\n", "44447", "[]"} {
		r := &terminal{typed: typed}
		_, _ = Read(r, "")
		assert.Equal(t, 1, r.ends, "%q", typed)
	}
}
