"""The page's files: only those of its folder, with headers that let it load nothing from elsewhere."""

import pytest

from rednet.web.static import PAGE, POLICY


@pytest.fixture
def page(make_client):
    return make_client(page=True)


def test_the_page_is_served_with_a_strict_policy_and_loads_again_only_if_it_has_changed(page):
    for path in ("/", "/page/index.html"):
        answer = page.get(path)
        assert answer.status_code == 200 and answer.headers["content-type"].startswith("text/html")
        assert answer.headers["content-security-policy"] == POLICY and "unsafe" not in POLICY
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "same-origin"
        again = page.get(path, headers={"if-none-match": answer.headers["etag"]})
        assert again.status_code == 304 and not again.content
        assert again.headers["content-security-policy"] == POLICY


@pytest.mark.parametrize(
    "path",
    ["../app.py", "%2e%2e/app.py", "..%2fapp.py", "/etc/passwd", "%2fetc%2fpasswd", "none.js", ""],
)
def test_no_file_outside_the_pages_folder_is_served(path, page):
    answer = page.get(f"/page/{path}")
    assert answer.status_code in (404, 405) and b"import" not in answer.content
    assert answer.headers["content-type"] == "application/problem+json"


def test_modules_and_styles_have_types_that_browsers_run(page):
    kinds = {".js": "javascript", ".css": "text/css", ".html": "text/html", ".json": "application/json"}
    for file in PAGE.rglob("*.*"):
        if file.suffix in kinds:
            answer = page.get(f"/page/{file.relative_to(PAGE)}")
            assert kinds[file.suffix] in answer.headers["content-type"], file


def test_with_a_token_the_page_and_its_calls_need_a_login(make_client, levels):
    page = make_client(token="secret", page=True)
    html = {"accept": "text/html"}
    assert page.get("/", headers=html, follow_redirects=False).headers["location"] == "/login"
    for path in ("/page/index.html", "/v1/jobs", "/v1/examples", "/v1/iiif/a-before/info.json", "/v1/archive"):
        assert page.get(path).status_code == 401
    form = page.get("/login")
    assert "style-src 'sha256-" in form.headers["content-security-policy"]
    assert page.post("/login", content="token=secret").status_code == 200  # after the redirect to the page
    assert page.get("/v1/examples").status_code == 200 and page.get("/", headers=html).status_code == 200
    for header in ({"origin": "http://127.0.0.1:9000"}, {"sec-fetch-site": "same-site"}):
        assert page.get("/v1/examples", headers=header).status_code == 403  # another server of this machine


def test_without_the_page_there_is_only_the_service(client):
    assert client.get("/").status_code == 404 and client.get("/page/index.html").status_code == 404
    assert client.get("/v1/models").headers["content-security-policy"].startswith("default-src 'none'")


def test_files_are_sent_compressed(page):
    path = "/page/openseadragon/openseadragon.min.js"
    plain = page.get(path, headers={"accept-encoding": "identity"})
    packed = page.get(path, headers={"accept-encoding": "gzip"})
    assert packed.headers["content-encoding"] == "gzip" and "content-encoding" not in plain.headers
    assert packed.content == plain.content


def test_a_browser_can_log_in_as_it_tells_the_server_where_the_form_comes_from(make_client):
    client = make_client(page=True, token="open sesame")
    assert client.get("/login").headers["referrer-policy"] == "same-origin"
    host = str(client.base_url)
    for origin, status in ((host, 303), ("null", 403)):
        headers = {"origin": origin}
        answer = client.post("/login", data={"token": "open sesame"}, headers=headers, follow_redirects=False)
        assert answer.status_code == status
