client$ curl -s -o /dev/null http://172.18.0.4:31002/
