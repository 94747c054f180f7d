package doctor

import (
	"regexp"
	"strings"
)

// vocabulary are words of APIs and their errors. A name or a sentence in which only these occur is about the interface, and
// not about a message.
var vocabulary = wordSet(`
	a about absent accept accepted access account active address after all allowed already amount an and api are argument array as at
	attempt attempts authentication authenticated authorization authorized available bad balance be been bearer before between body
	both but by bytes call called campaign can cancel cancelled canceled cannot category channel characters charset check class
	client code codes content contact correct correctly cost count country created credentials currency current data date dates
	delivered delivery denied description detail details direction disabled does duplicate elements element empty enabled encoding
	error errors exceeded exist exists expected expired expires extra failed failure field fields final first flag flash for forbidden
	form format found from gateway given group has have header headers history id ids identifier identifiers if in incorrect
	info information input instance integer internal invalid is it item items key known label language last latest length less limit
	limits line link links list location locked long maintenance malformed many mask max maximum mcc message messages meta
	method min minimum missing mnc mode modified more most must name names network new next no none not number number numbers object of offset on one only
	operator or order origin other out owner page pages param parameter parameters part parts passed path payment per
	permission permissions permitted please positive prev previous price priority problem problems processed processing product
	properties property protocol provided provider public query queue queued range rate ratio reached read reason received recipient recipients
	reference refused region rejected reply request requested requests required resource response result results retry route
	scheduled schema send sender sending sent server service session should signature size sms source start state status statuses
	string subject such supported system tag tags template text than that the there this time timestamp timezone title to token
	too total try type types unauthorized unavailable unicode unique unit units unknown unprocessable unsupported until updated uri
	url use used user valid validation value values version was was were when which with within without wrong you your zero
	conflict content gone entity media unexpected occurred went something again later`)

func wordSet(text string) map[string]bool {
	set := map[string]bool{}
	for _, word := range strings.Fields(text) {
		set[word] = true
	}
	return set
}

var (
	nameParts   = regexp.MustCompile(`[A-Z]?[a-z]+|[A-Z]+`)
	name        = regexp.MustCompile(`^[A-Za-z]+([_-][A-Za-z]+)*$`)
	phraseParts = regexp.MustCompile(`[A-Za-z]+|[0-9]+|[^A-Za-z0-9]`)
)

// maskName returns the name of a member if only words of the vocabulary are in it, so that one can see a new member. A name
// can be anything: a map from recipients has recipients for names.
func maskName(s string) string {
	if _, known := expected[s]; known {
		return s
	}
	if len(s) > 40 || !name.MatchString(s) {
		return masked
	}
	for _, part := range nameParts.FindAllString(s, -1) {
		if !vocabulary[strings.ToLower(part)] {
			return masked
		}
	}
	return s
}

// maxPhraseDigits are fewer than any phone number has, also if it is written in groups.
const maxPhraseDigits = 6

// maskPhrase returns a sentence if only words of the vocabulary, few digits and plain punctuation are in it.
func maskPhrase(s string) string {
	if len(s) > 200 {
		return masked
	}
	digits := 0
	for _, part := range phraseParts.FindAllString(s, -1) {
		switch c := part[0]; {
		case c >= '0' && c <= '9':
			digits += len(part)
		case c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z':
			if !vocabulary[strings.ToLower(part)] {
				return masked
			}
		case strings.Trim(part, " .,:;'()-/") != "":
			return masked
		}
	}
	if digits > maxPhraseDigits {
		return masked
	}
	return s
}
