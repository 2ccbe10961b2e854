// SPDX-License-Identifier: Apache-2.0
#include "broker/validation.h"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tokenbroker {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr absl::string_view kMustNotBeEmpty = "must not be empty";
constexpr absl::string_view kMustNotBeNegative = "must not be negative";
constexpr absl::string_view kMustHoldNoControl =
    "must not hold control characters";
constexpr absl::string_view kMustBeAName =
    "must be 1 to 63 bytes out of a-z, 0-9 and -";
constexpr absl::string_view kMustBeAScope =
    "must be 1 to 512 bytes of visible ASCII without \" and \\";

// `provider must not be empty`, as a client shows it.
template <typename Request>
std::vector<std::string> Complaints(const Request& request) {
  std::vector<std::string> complaints;
  for (const FieldViolation& violation : Validate(request)) {
    complaints.push_back(
        absl::StrCat(violation.field, " ", violation.description));
  }
  return complaints;
}

v1::StartAuthorizationRequest Start() {
  v1::StartAuthorizationRequest request;
  request.set_provider("google");
  request.set_subject("user-42");
  request.set_redirect_uri("https://app.example.com/callback");
  return request;
}

v1::CompleteAuthorizationRequest Complete() {
  v1::CompleteAuthorizationRequest request;
  request.set_state("a-state");
  request.set_code("a-code");
  return request;
}

// A request whose only content is its key.
template <typename Request>
Request Key() {
  Request request;
  request.set_provider("google");
  request.set_subject("user-42");
  return request;
}

// Text in every field that takes bytes. The `longest` are those of
// token_broker.proto; a field is named as a client would name it.
template <typename Request>
struct TextField {
  std::string name;
  size_t longest;
  bool required;
  std::function<void(Request*, const std::string&)> set;
};

template <typename Request>
void ExpectTextField(const Request& good, const TextField<Request>& field) {
  SCOPED_TRACE(field.name);
  const auto complaints = [&](const std::string& value) {
    Request request = good;
    field.set(&request, value);
    return Complaints(request);
  };
  const auto complaint = [&](absl::string_view description) {
    return ElementsAre(absl::StrCat(field.name, " ", description));
  };

  if (field.required) {
    EXPECT_THAT(complaints(""), complaint(kMustNotBeEmpty));
  } else {
    EXPECT_THAT(complaints(""), IsEmpty());
  }
  EXPECT_THAT(complaints("x"), IsEmpty());
  EXPECT_THAT(complaints("with space and ünïcode \U0001F511"), IsEmpty());
  EXPECT_THAT(complaints(std::string(field.longest, 'x')), IsEmpty());
  EXPECT_THAT(
      complaints(std::string(field.longest + 1, 'x')),
      complaint(absl::StrCat("must be at most ", field.longest, " bytes")));
  // Bytes are counted, not letters.
  std::string letters;
  while (letters.size() <= field.longest) letters += "카";
  EXPECT_THAT(
      complaints(letters),
      complaint(absl::StrCat("must be at most ", field.longest, " bytes")));
  EXPECT_THAT(complaints(std::string("a\0b", 3)),
              complaint(kMustHoldNoControl));
  for (const char control : {'\x01', '\n', '\r', '\t', '\x1f', '\x7f'}) {
    EXPECT_THAT(complaints(absl::StrCat("a", std::string(1, control))),
                complaint(kMustHoldNoControl))
        << static_cast<int>(control);
  }
}

template <typename Request>
void ExpectProviderField(const Request& good) {
  const auto complaints = [&](const std::string& value) {
    Request request = good;
    request.set_provider(value);
    return Complaints(request);
  };
  EXPECT_THAT(complaints("google"), IsEmpty());
  EXPECT_THAT(complaints(std::string(63, 'a')), IsEmpty());
  for (const std::string& value :
       {std::string(64, 'a'), std::string("Google"), std::string("a b")}) {
    EXPECT_THAT(complaints(value),
                ElementsAre(absl::StrCat("provider ", kMustBeAName)))
        << value;
  }
}

template <typename Request>
TextField<Request> SubjectField(bool required) {
  return {"subject", 512, required,
          [](Request* request, const std::string& value) {
            request->set_subject(value);
          }};
}

// The calls whose request starts with a connection's key.
template <typename Request>
void ExpectKeyFields(const Request& good) {
  EXPECT_THAT(Complaints(good), IsEmpty());
  ExpectProviderField(good);
  Request without_provider = good;
  without_provider.clear_provider();
  EXPECT_THAT(Complaints(without_provider),
              ElementsAre(absl::StrCat("provider ", kMustBeAName)));
  ExpectTextField(good, SubjectField<Request>(true));
}

TEST(ValidationTest, ChecksTheKeyInEveryRequestThatHasOne) {
  ExpectKeyFields(Start());
  ExpectKeyFields(Key<v1::GetAccessTokenRequest>());
  ExpectKeyFields(Key<v1::GetConnectionRequest>());
  ExpectKeyFields(Key<v1::DeleteConnectionRequest>());
}

TEST(ValidationTest, ChecksTheTextOfAStart) {
  using Request = v1::StartAuthorizationRequest;
  const TextField<Request> fields[] = {
      {"redirect_uri", 2048, true,
       [](Request* r, const std::string& value) {
         r->set_redirect_uri(value);
       }},
      {"login_hint", 512, false,
       [](Request* r, const std::string& value) { r->set_login_hint(value); }},
      {"extra_params[prompt]", 1024, false,
       [](Request* r, const std::string& value) {
         (*r->mutable_extra_params())["prompt"] = value;
       }},
      {"variables[shop]", 1024, false,
       [](Request* r, const std::string& value) {
         (*r->mutable_variables())["shop"] = value;
       }},
  };
  for (const auto& field : fields) ExpectTextField(Start(), field);
}

TEST(ValidationTest, TakesAHundredScopesAndNotOneMore) {
  v1::StartAuthorizationRequest request = Start();
  for (int i = 0; i < 100; ++i) request.add_scopes(absl::StrCat("scope", i));
  EXPECT_THAT(Complaints(request), IsEmpty());
  request.add_scopes("one-more");
  EXPECT_THAT(Complaints(request), ElementsAre("scopes must be at most 100"));
}

TEST(ValidationTest, NamesEveryBadScopeByItsIndex) {
  v1::StartAuthorizationRequest request = Start();
  for (const std::string& scope :
       {std::string("openid"), std::string(), std::string(512, 'x'),
        std::string(513, 'x')}) {
    request.add_scopes(scope);
  }
  EXPECT_THAT(Complaints(request),
              ElementsAre(absl::StrCat("scopes[1] ", kMustBeAScope),
                          absl::StrCat("scopes[3] ", kMustBeAScope)));
}

// Every map of parameters: what a client calls it, and a request with it.
template <typename Request>
struct ParamsField {
  std::string name;
  google::protobuf::Map<std::string, std::string>* (*params)(Request*);
};

template <typename Request>
void ExpectParamsField(const Request& good, const ParamsField<Request>& field) {
  SCOPED_TRACE(field.name);
  Request request = good;
  auto& params = *field.params(&request);
  for (int i = 0; i < 32; ++i) params[absl::StrCat("p", i)] = "v";
  EXPECT_THAT(Complaints(request), IsEmpty());
  params["one-more"] = "v";
  EXPECT_THAT(Complaints(request),
              ElementsAre(absl::StrCat(field.name, " must be at most 32")));
  for (const std::string& name :
       {std::string("x"), std::string("!~"), std::string(63, 'x')}) {
    request = good;
    (*field.params(&request))[name] = "v";
    EXPECT_THAT(Complaints(request), IsEmpty()) << name;
  }
  for (const std::string& name :
       {std::string(), std::string(64, 'x'), std::string("a b"),
        std::string("a\n"), std::string("\x7f"), std::string("ü")}) {
    request = good;
    (*field.params(&request))[name] = "v";
    EXPECT_THAT(
        Complaints(request),
        ElementsAre(absl::StrCat(
            field.name, " must have names of 1 to 63 bytes of visible ASCII")))
        << name;
  }
}

TEST(ValidationTest, TakesThirtyTwoParametersWithNamesOfVisibleAscii) {
  using Started = v1::StartAuthorizationRequest;
  using Completed = v1::CompleteAuthorizationRequest;
  ExpectParamsField<Started>(Start(), {"extra_params", [](Started* r) {
                                         return r->mutable_extra_params();
                                       }});
  ExpectParamsField<Started>(Start(), {"variables", [](Started* r) {
                                         return r->mutable_variables();
                                       }});
  ExpectParamsField<Completed>(Complete(), {"other_params", [](Completed* r) {
                                              return r->mutable_other_params();
                                            }});
}

TEST(ValidationTest, TakesEachParameterOfACallbackInOnePlaceOnly) {
  for (const std::string name :
       {"state", "code", "iss", "error", "error_description"}) {
    v1::CompleteAuthorizationRequest request = Complete();
    (*request.mutable_other_params())[name] = "v";
    EXPECT_THAT(Complaints(request),
                ElementsAre(absl::StrCat("other_params[", name,
                                         "] has a field of its own")));
  }
}

TEST(ValidationTest, TakesATokenNameThatIsOne) {
  auto get = Key<v1::GetAccessTokenRequest>();
  auto read = Key<v1::GetConnectionRequest>();
  const auto expect = [&](const std::string& name, const auto& matcher) {
    get.set_token_name(name);
    read.set_token_name(name);
    EXPECT_THAT(Complaints(get), matcher) << name;
    EXPECT_THAT(Complaints(read), matcher) << name;
  };
  for (const std::string& name :
       {std::string(), std::string("user"), std::string(63, 'a')}) {
    expect(name, IsEmpty());
  }
  for (const std::string& name :
       {std::string(64, 'a'), std::string("User"), std::string("a\x1f")}) {
    expect(name, ElementsAre(absl::StrCat("token_name ", kMustBeAName)));
  }
}

TEST(ValidationTest, ChecksTheTextOfACallback) {
  using Request = v1::CompleteAuthorizationRequest;
  const TextField<Request> fields[] = {
      {"state", 512, true,
       [](Request* r, const std::string& value) { r->set_state(value); }},
      {"code", 4096, true,
       [](Request* r, const std::string& value) { r->set_code(value); }},
      {"iss", 2048, false,
       [](Request* r, const std::string& value) { r->set_iss(value); }},
      {"error", 256, false,
       [](Request* r, const std::string& value) { r->set_error(value); }},
      {"other_params[shop]", 4096, false,
       [](Request* r, const std::string& value) {
         (*r->mutable_other_params())["shop"] = value;
       }},
  };
  EXPECT_THAT(Complaints(Complete()), IsEmpty());
  for (const auto& field : fields) ExpectTextField(Complete(), field);
}

TEST(ValidationTest, TakesACallbackWithAnErrorAndNoCode) {
  v1::CompleteAuthorizationRequest request = Complete();
  request.set_error("access_denied");
  request.clear_code();
  EXPECT_THAT(Complaints(request), IsEmpty());
}

TEST(ValidationTest, IgnoresTheCodeBesideAnError) {
  v1::CompleteAuthorizationRequest request = Complete();
  request.set_error("access_denied");
  request.set_code(std::string(4097, '\n'));
  EXPECT_THAT(Complaints(request), IsEmpty());
}

// A provider's text may have any letters: it is neither kept nor logged.
TEST(ValidationTest, BoundsAnErrorDescriptionByItsLengthAlone) {
  v1::CompleteAuthorizationRequest request = Complete();
  request.set_error_description(std::string(4096, '\n'));
  EXPECT_THAT(Complaints(request), IsEmpty());
  request.set_error_description(std::string(4097, 'x'));
  EXPECT_THAT(Complaints(request),
              ElementsAre("error_description must be at most 4096 bytes"));
}

TEST(ValidationTest, ChecksTheRejectedAccessToken) {
  using Request = v1::GetAccessTokenRequest;
  ExpectTextField(Key<Request>(),
                  TextField<Request>{"rejected_access_token", 16384, false,
                                     [](Request* r, const std::string& value) {
                                       r->set_rejected_access_token(value);
                                     }});
}

TEST(ValidationTest, TakesEveryMinTtlThatIsADurationAndNotNegative) {
  struct Case {
    int64_t seconds;
    int32_t nanos;
    std::string complaint;  // empty: none
  };
  const Case cases[] = {
      {0, 0, ""},
      {0, 1, ""},
      {60, 999'999'999, ""},
      {315'576'000'000, 0, ""},  // the longest there is
      {-1, 0, "min_ttl must not be negative"},
      {0, -1, "min_ttl must not be negative"},
      {-1, -999'999'999, "min_ttl must not be negative"},
      {1, -1, "min_ttl must not be negative"},
      {0, 1'000'000'000, "min_ttl must be a valid google.protobuf.Duration"},
      {315'576'000'001, 0, "min_ttl must be a valid google.protobuf.Duration"},
      {INT64_MAX, 0, "min_ttl must be a valid google.protobuf.Duration"},
  };
  for (const Case& c : cases) {
    auto request = Key<v1::GetAccessTokenRequest>();
    request.mutable_min_ttl()->set_seconds(c.seconds);
    request.mutable_min_ttl()->set_nanos(c.nanos);
    const std::vector<std::string> expected =
        c.complaint.empty() ? std::vector<std::string>()
                            : std::vector<std::string>{c.complaint};
    EXPECT_EQ(Complaints(request), expected) << c.seconds << " " << c.nanos;
  }
}

TEST(ValidationTest, TakesAListWithoutFiltersAndChecksThoseItHas) {
  using Request = v1::ListConnectionsRequest;
  EXPECT_THAT(Complaints(Request()), IsEmpty());
  ExpectProviderField(Request());
  ExpectTextField(Request(), SubjectField<Request>(false));
  ExpectTextField(Request(),
                  TextField<Request>{"page_token", 2048, false,
                                     [](Request* r, const std::string& value) {
                                       r->set_page_token(value);
                                     }});
}

TEST(ValidationTest, TakesEveryPageSizeThatIsNotNegative) {
  v1::ListConnectionsRequest request;
  for (const int32_t size : {0, 1, 1000, 1001, INT32_MAX}) {
    request.set_page_size(size);
    EXPECT_THAT(Complaints(request), IsEmpty()) << size;
  }
  for (const int32_t size : {-1, INT32_MIN}) {
    request.set_page_size(size);
    EXPECT_THAT(Complaints(request),
                ElementsAre(absl::StrCat("page_size ", kMustNotBeNegative)))
        << size;
  }
}

TEST(ValidationTest, HasNothingToSayOfListProviders) {
  EXPECT_THAT(Validate(v1::ListProvidersRequest()), IsEmpty());
}

TEST(ValidationTest, TellsEveryViolationAtOnce) {
  v1::StartAuthorizationRequest start;
  start.add_scopes("");
  start.set_login_hint("\n");
  (*start.mutable_extra_params())["prompt"] = "\n";
  EXPECT_THAT(
      Complaints(start),
      ElementsAre(absl::StrCat("provider ", kMustBeAName),
                  absl::StrCat("subject ", kMustNotBeEmpty),
                  absl::StrCat("redirect_uri ", kMustNotBeEmpty),
                  absl::StrCat("scopes[0] ", kMustBeAScope),
                  absl::StrCat("extra_params[prompt] ", kMustHoldNoControl),
                  absl::StrCat("login_hint ", kMustHoldNoControl)));
  EXPECT_THAT(Complaints(v1::CompleteAuthorizationRequest()),
              ElementsAre(absl::StrCat("state ", kMustNotBeEmpty),
                          absl::StrCat("code ", kMustNotBeEmpty)));
}

// Whatever a caller sent by mistake, a token in a wrong field say, stays out of
// the answer.
TEST(ValidationTest, RepeatsNoValue) {
  const std::string value = "SECRET\n";
  v1::StartAuthorizationRequest start;
  start.set_provider(value);
  start.set_subject(value);
  start.set_redirect_uri(value);
  start.add_scopes(value);
  (*start.mutable_extra_params())[value] = value;
  (*start.mutable_extra_params())["prompt"] = value;
  start.set_login_hint(value);
  v1::CompleteAuthorizationRequest complete;
  complete.set_state(value);
  complete.set_code(value);
  complete.set_iss(value);
  v1::GetAccessTokenRequest get;
  get.set_provider(value);
  get.set_subject(value);
  get.set_rejected_access_token(value);
  v1::ListConnectionsRequest list;
  list.set_provider(value);
  list.set_subject(value);
  list.set_page_token(value);

  std::vector<std::string> complaints;
  for (const auto& of_request : {Complaints(start), Complaints(complete),
                                 Complaints(get), Complaints(list)}) {
    complaints.insert(complaints.end(), of_request.begin(), of_request.end());
  }
  EXPECT_EQ(complaints.size(), 7 + 3 + 3 + 3);
  EXPECT_THAT(complaints, Not(Contains(HasSubstr("SECRET"))));
}

TEST(ValidationTest, ANameIsLowerCaseLettersDigitsAndHyphens) {
  for (const std::string& name :
       {std::string("a"), std::string("-"), std::string("0"),
        std::string("az-09"), std::string(63, 'z')}) {
    EXPECT_TRUE(IsName(name)) << name;
  }
  for (const std::string& name :
       {std::string(), std::string(64, 'z'), std::string("A"),
        std::string("a_b"), std::string("a.b"), std::string("a/b"),
        std::string("a b"), std::string("a\n"), std::string("a\0", 2),
        std::string("ä"), std::string("*")}) {
    EXPECT_FALSE(IsName(name)) << name;
  }
}

// RFC 6749 3.3: scope-token = 1*( %x21 / %x23-5B / %x5D-7E )
TEST(ValidationTest, AScopeIsWhatTheGrammarSays) {
  for (int c = 0; c < 256; ++c) {
    const bool expected =
        c == 0x21 || (c >= 0x23 && c <= 0x5b) || (c >= 0x5d && c <= 0x7e);
    const std::string letter(1, static_cast<char>(c));
    EXPECT_EQ(IsScope(letter), expected) << c;
    EXPECT_EQ(IsScope(absl::StrCat("a", letter, "b")), expected) << c;
  }
  EXPECT_FALSE(IsScope(""));
  EXPECT_TRUE(IsScope(std::string(512, 'x')));
  EXPECT_FALSE(IsScope(std::string(513, 'x')));
  EXPECT_TRUE(IsScope("https://www.googleapis.com/auth/calendar.events"));
}

TEST(ValidationTest, AControlCharacterIsOneOfC0OrDelete) {
  for (int c = 0; c < 256; ++c) {
    const std::string letter(1, static_cast<char>(c));
    EXPECT_EQ(HasControlCharacter(absl::StrCat("a", letter, "b")),
              c < 0x20 || c == 0x7f)
        << c;
  }
  EXPECT_FALSE(HasControlCharacter(""));
}

}  // namespace
}  // namespace tokenbroker
