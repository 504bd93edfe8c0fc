//! Finds out what a request asks for: service, region, operation and protocol.

use std::io::Read as _;

use bytes::Bytes;
use flate2::read::MultiGzDecoder;
use http::{HeaderMap, Method, header};
use winterbaume_core::MockRequest;

use super::fault::Refusal;
use super::form::{self, Params};
use super::{Request, cloudformation, cloudwatch, sts};
use crate::rehearsal::world::{ApiError, Service};

/// What a body may become when it is unpacked: the API's own limit for one `PutMetricData` is 1 MB.
const UNPACKED_LIMIT: u64 = 4 * 1024 * 1024;

/// How a request is written, and so its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocol {
    /// `awsQuery`: a form in, XML of this namespace out.
    Query {
        namespace: &'static str,
    },
    RestXml,
    /// Smithy RPC v2 CBOR.
    Cbor,
    /// `awsJson1_0`.
    Json,
}

/// A request that was understood.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) service: Service,
    pub(super) region: String,
    pub(super) operation: String,
    pub(super) protocol: Protocol,
    /// The form's fields, or the query string's where the protocol has no form.
    pub(super) params: Params,
    /// What a REST path names; empty elsewhere.
    pub(super) id: String,
    pub(super) body: Bytes,
}

impl Call {
    /// The request as the parsers of the wire crates want it; they look at nothing but the body.
    pub(super) fn mock(&self) -> MockRequest {
        MockRequest {
            method: String::new(),
            uri: String::new(),
            headers: HeaderMap::new(),
            body: self.body.clone(),
        }
    }
}

/// Understands a request, or says in its protocol why not.
pub(super) fn read(request: Request) -> Result<Call, Refusal> {
    let plain = guess(&request);
    let (service, region) = addressee(&request).ok_or_else(|| {
        let error = ApiError::new(
            403,
            "MissingAuthenticationToken",
            "the request is not signed for a service that the rehearsal knows (CloudFormation, CloudWatch, Route 53, STS)",
        );
        Refusal::new(plain, error)
    })?;
    let protocol = protocol_of(service, plain);
    let refuse = |error| Refusal::new(protocol, error);
    let body = unpacked(&request.headers, request.body).map_err(refuse)?;
    let query = form::parse(request.uri.query().unwrap_or_default());
    let params = match protocol {
        Protocol::Query { .. } => merged(query, &body).map_err(refuse)?,
        Protocol::RestXml | Protocol::Cbor | Protocol::Json => query,
    };
    let path = request.uri.path();
    let (operation, id) = match protocol {
        Protocol::Query { .. } => (params.get("Action").cloned(), String::new()),
        Protocol::RestXml => rest(&request.method, path),
        Protocol::Cbor => (after_last(path, '/'), String::new()),
        Protocol::Json => (target(&request.headers), String::new()),
    };
    let operation = operation
        .filter(|name| !name.is_empty())
        .ok_or_else(|| refuse(ApiError::new(400, "MissingAction", "no operation is named")))?;
    Ok(Call {
        service,
        region,
        operation,
        protocol,
        params,
        id,
        body,
    })
}

/// The protocol by the looks of the request alone.
fn guess(request: &Request) -> Protocol {
    let path = request.uri.path();
    if path.starts_with("/2013-04-01/") {
        Protocol::RestXml
    } else if path.starts_with("/service/") {
        Protocol::Cbor
    } else if request.headers.contains_key("x-amz-target") {
        Protocol::Json
    } else {
        Protocol::Query {
            namespace: cloudformation::NAMESPACE,
        }
    }
}

/// The service's protocol; only CloudWatch speaks several.
fn protocol_of(service: Service, guess: Protocol) -> Protocol {
    let namespace = match service {
        Service::CloudFormation => cloudformation::NAMESPACE,
        Service::Sts => sts::NAMESPACE,
        Service::Route53 => return Protocol::RestXml,
        Service::CloudWatch if matches!(guess, Protocol::Cbor | Protocol::Json) => return guess,
        Service::CloudWatch => cloudwatch::NAMESPACE,
    };
    Protocol::Query { namespace }
}

/// Service and region from the credential scope, else from the host name.
fn addressee(request: &Request) -> Option<(Service, String)> {
    scope(&request.headers).or_else(|| {
        let named = request
            .headers
            .get(header::HOST)
            .and_then(|h| h.to_str().ok());
        host(request.uri.host().or(named)?)
    })
}

/// `… Credential=KEY/20261120/us-west-2/monitoring/aws4_request, SignedHeaders=…`
fn scope(headers: &HeaderMap) -> Option<(Service, String)> {
    let text = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (_, credential) = text.split_once("Credential=")?;
    let credential = credential.split([',', ' ']).next()?;
    let mut parts = credential.rsplit('/').skip(1);
    let service = service(parts.next()?)?;
    let region = parts.next().filter(|region| !region.is_empty())?;
    Some((service, region.to_owned()))
}

/// `monitoring.us-west-2.amazonaws.com`, or a global name as `route53.amazonaws.com`, which lives in us-east-1.
fn host(name: &str) -> Option<(Service, String)> {
    let mut labels = name.split('.');
    let service = service(labels.next()?)?;
    let region = labels
        .next()
        .filter(|label| label.contains('-'))
        .unwrap_or("us-east-1");
    Some((service, region.to_owned()))
}

/// A service by its signing name or its host's first label.
fn service(name: &str) -> Option<Service> {
    Some(match name {
        "cloudformation" => Service::CloudFormation,
        "monitoring" => Service::CloudWatch,
        "route53" => Service::Route53,
        "sts" => Service::Sts,
        _ => return None,
    })
}

fn unpacked(headers: &HeaderMap, body: Bytes) -> Result<Bytes, ApiError> {
    let packed = headers
        .get(header::CONTENT_ENCODING)
        .is_some_and(|encoding| encoding.as_bytes().eq_ignore_ascii_case(b"gzip"));
    if !packed {
        return Ok(body);
    }
    let mut plain = Vec::new();
    let read = MultiGzDecoder::new(&*body)
        .take(UNPACKED_LIMIT + 1)
        .read_to_end(&mut plain);
    match read {
        Ok(size) if size as u64 <= UNPACKED_LIMIT => Ok(plain.into()),
        Ok(_) => Err(ApiError::new(
            413,
            "RequestEntityTooLarge",
            "the unpacked body is larger than 4 MiB",
        )),
        Err(cause) => Err(ApiError::new(
            400,
            "MalformedInput",
            format!("the body is not gzip as its header says: {cause}"),
        )),
    }
}

fn merged(mut query: Params, body: &Bytes) -> Result<Params, ApiError> {
    let text = std::str::from_utf8(body).map_err(|cause| {
        ApiError::new(
            400,
            "MalformedInput",
            format!("the form is not UTF-8: {cause}"),
        )
    })?;
    query.extend(form::parse(text));
    Ok(query)
}

/// The operation of a Route 53 path, and the id in it. A path that is not known stands for itself.
fn rest(method: &Method, path: &str) -> (Option<String>, String) {
    let mut parts = path
        .split('/')
        .filter(|part| !part.is_empty())
        .map(|part| form::decode(part, false))
        .skip(1);
    let parts: [Option<String>; 4] = std::array::from_fn(|_| parts.next());
    let [kind, id, leaf, more] = parts.each_ref().map(|part| part.as_deref());
    let operation = match (method.as_str(), kind, id, leaf, more) {
        ("GET", Some("hostedzone"), None, ..) => "ListHostedZones",
        ("GET", Some("hostedzonesbyname"), None, ..) => "ListHostedZonesByName",
        ("GET", Some("hostedzone"), Some(_), None, _) => "GetHostedZone",
        ("GET", Some("hostedzone"), Some(_), Some("rrset"), None) => "ListResourceRecordSets",
        ("POST", Some("hostedzone"), Some(_), Some("rrset"), None) => "ChangeResourceRecordSets",
        ("GET", Some("change"), Some(_), None, _) => "GetChange",
        ("GET", Some("healthcheck"), None, ..) => "ListHealthChecks",
        ("GET", Some("healthcheck"), Some(_), None, _) => "GetHealthCheck",
        ("POST", Some("healthcheck"), Some(_), None, _) => "UpdateHealthCheck",
        ("GET", Some("healthcheck"), Some(_), Some("status"), None) => "GetHealthCheckStatus",
        ("POST", Some("tags"), Some("healthcheck"), None, _) => "ListTagsForResources",
        ("GET", Some("tags"), Some("healthcheck"), Some(check), None) => {
            return (Some("ListTagsForResource".to_owned()), check.to_owned());
        }
        _ => return (Some(format!("{method} {path}")), String::new()),
    };
    (
        Some(operation.to_owned()),
        id.unwrap_or_default().to_owned(),
    )
}

/// `GraniteServiceVersion20100801.DescribeAlarms`
fn target(headers: &HeaderMap) -> Option<String> {
    let text = headers.get("x-amz-target")?.to_str().ok()?;
    after_last(text, '.')
}

fn after_last(text: &str, separator: char) -> Option<String> {
    text.rsplit(separator).next().map(ToOwned::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(method: &str, uri: &str, headers: &[(&'static str, &str)], body: &str) -> Request {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, value.parse().unwrap());
        }
        Request {
            method: method.parse().unwrap(),
            uri: uri.parse().unwrap(),
            headers: map,
            body: Bytes::copy_from_slice(body.as_bytes()),
        }
    }

    fn signed(service: &str) -> (&'static str, String) {
        let scope = format!(
            "AWS4-HMAC-SHA256 Credential=AKID/20261120/us-west-2/{service}/aws4_request, SignedHeaders=host, Signature=0"
        );
        ("authorization", scope)
    }

    #[test]
    fn the_signature_says_who_is_meant() {
        let (name, scope) = signed("cloudformation");
        let call = read(request(
            "POST",
            "/",
            &[(name, &scope)],
            "Action=DescribeStacks&StackName=a%26b",
        ));
        let call = call.unwrap();
        assert_eq!(call.service, Service::CloudFormation);
        assert_eq!(
            (call.region.as_str(), call.operation.as_str()),
            ("us-west-2", "DescribeStacks")
        );
        assert_eq!(call.params["StackName"], "a&b");
    }

    #[test]
    fn without_a_signature_the_host_does() {
        let hosts = [
            (
                "cloudformation.us-west-2.amazonaws.com",
                Service::CloudFormation,
                "us-west-2",
            ),
            ("sts.amazonaws.com", Service::Sts, "us-east-1"),
        ];
        for (host, service, region) in hosts {
            let call = read(request("GET", "/?Action=X", &[("host", host)], "")).unwrap();
            assert_eq!((call.service, call.region.as_str()), (service, region));
        }
        let uri = "https://monitoring.ap-southeast-2.amazonaws.com/service/GraniteServiceVersion20100801/operation/ListMetrics";
        let call = read(request("POST", uri, &[], "")).unwrap();
        assert_eq!(
            (call.service, call.protocol),
            (Service::CloudWatch, Protocol::Cbor)
        );
        assert_eq!(
            (call.operation.as_str(), call.region.as_str()),
            ("ListMetrics", "ap-southeast-2")
        );
    }

    #[test]
    fn paths_name_operations() {
        let (name, scope) = signed("route53");
        let cases = [
            ("GET", "hostedzone", "ListHostedZones", ""),
            (
                "GET",
                "hostedzonesbyname?dnsname=a",
                "ListHostedZonesByName",
                "",
            ),
            ("GET", "hostedzone/Z1", "GetHostedZone", "Z1"),
            (
                "GET",
                "hostedzone/Z1/rrset?maxitems=1",
                "ListResourceRecordSets",
                "Z1",
            ),
            (
                "POST",
                "hostedzone/Z1/rrset/",
                "ChangeResourceRecordSets",
                "Z1",
            ),
            ("GET", "change/C1", "GetChange", "C1"),
            ("GET", "healthcheck", "ListHealthChecks", ""),
            ("GET", "healthcheck/h%2F1", "GetHealthCheck", "h/1"),
            ("POST", "healthcheck/h1", "UpdateHealthCheck", "h1"),
            ("GET", "healthcheck/h1/status", "GetHealthCheckStatus", "h1"),
            ("GET", "tags/healthcheck/h1", "ListTagsForResource", "h1"),
            (
                "POST",
                "tags/healthcheck",
                "ListTagsForResources",
                "healthcheck",
            ),
            (
                "DELETE",
                "healthcheck/h1",
                "DELETE /2013-04-01/healthcheck/h1",
                "",
            ),
        ];
        for (method, path, operation, id) in cases {
            let uri = format!("/2013-04-01/{path}");
            let call = read(request(method, &uri, &[(name, &scope)], "")).unwrap();
            assert_eq!((call.operation.as_str(), call.id.as_str()), (operation, id));
        }
    }

    #[test]
    fn nonsense_gets_a_clear_answer() {
        let (name, scope) = signed("cloudformation");
        let code = |request| {
            let refusal = read(request).unwrap_err();
            let response = refusal.response();
            (refusal.error.code, response.status)
        };
        assert_eq!(
            code(request("GET", "/", &[], "")),
            ("MissingAuthenticationToken", 403)
        );
        assert_eq!(
            code(request(
                "POST",
                "/",
                &[("authorization", "Credential=//,")],
                ""
            ))
            .1,
            403
        );
        assert_eq!(
            code(request("POST", "/", &[(name, &scope)], "a=b")),
            ("MissingAction", 400)
        );
        let mut binary = request("POST", "/", &[(name, &scope)], "");
        binary.body = Bytes::from_static(&[0xff, 0xfe]);
        assert_eq!(code(binary), ("MalformedInput", 400));
        let (name, other) = signed("dynamodb");
        assert_eq!(code(request("POST", "/", &[(name, &other)], "")).1, 403);
    }

    #[test]
    fn a_bomb_is_not_unpacked() {
        use std::io::Write as _;
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        packed.write_all(&vec![b'a'; 5 * 1024 * 1024]).unwrap();
        let (name, scope) = signed("monitoring");
        let headers = [
            (name, scope.as_str()),
            ("content-encoding", "GZIP"),
            ("x-amz-target", "G.PutMetricData"),
        ];
        let mut bomb = request("POST", "/", &headers, "");
        bomb.body = packed.finish().unwrap().into();
        assert_eq!(read(bomb).unwrap_err().error.status, 413);
    }
}
