import time
from tests.support import pipeline as p

def test_probe(servers, tenant):
    t=time.time()
    reports = p.import_path(p.SAMPLE, tenant)
    print("import", time.time()-t)
    for r in reports: print(r)
    for r in reports:
        t=time.time()
        res = p.materialize(r.feed, r.first.date(), r.last.date())
        print(r.feed, time.time()-t, p.worked_on(res))
        for name in p.ALL_ASSETS:
            m = p.metadata(res, name); m.pop("volume", None); m.pop("stages",None); m.pop("top_tags",None)
            print("   ", name, m)
    for r in reports:
        t=time.time()
        res = p.materialize(r.feed, r.first.date(), r.last.date())
        print(r.feed, time.time()-t, p.worked_on(res))
    print(p.graph_counts(tenant), p.points(tenant))
    print(p.content_hashes(tenant))
